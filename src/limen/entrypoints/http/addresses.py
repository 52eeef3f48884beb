"""The address of the client, when proxies stand between.

Forwarded headers count only from listed proxies, read from right to left through listed ones:
what a client writes itself stands to the left of what the first trusted proxy saw.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

_REMEMBERED: Final = 256


def client_address(
    peer: str | None,
    headers: Sequence[tuple[bytes, bytes]],
    proxies: Sequence[Network],
) -> str | None:
    """Return the address of whoever is at the other end, as far as it can be believed.

    `Forwarded` (RFC 7239) and `X-Forwarded-For` both serve. A proxy sets one of them, so where
    both came and disagree somebody is pretending, and the address is the proxy's.
    """
    direct = _plain(peer or "")
    if direct is None or not _is_listed(direct, proxies):
        return direct
    chains = [
        chain
        for chain in (
            list(_forwarded(_joined(headers, b"forwarded"))),
            list(_list(_joined(headers, b"x-forwarded-for"))),
        )
        if chain
    ]
    found = {_walk(direct, chain, proxies) for chain in chains}
    return found.pop() if len(found) == 1 else direct


def _walk(direct: str, chain: Sequence[str], proxies: Sequence[Network]) -> str:
    """Go from the nearest hop outwards until one is not a listed proxy, or is no address."""
    nearest = direct
    for hop in reversed(chain):
        address = _plain(hop)
        if address is None:
            return nearest
        if not _is_listed(address, proxies):
            return address
        nearest = address
    return nearest


def _joined(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)


def _list(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(",") if part.strip())


def _forwarded(text: str) -> Iterator[str]:
    for element in _list(text):
        pairs = (pair.partition("=") for pair in element.split(";"))
        yield next(
            (value.strip() for name, _, value in pairs if name.strip().lower() == "for"), "unknown"
        )


@lru_cache(_REMEMBERED)
def _plain(text: str) -> str | None:
    """Return the address without quotes, brackets and port; `None` if it is none."""
    bare = text.strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _is_listed(address: str, proxies: Sequence[Network]) -> bool:
    return any(ip_address(address) in network for network in proxies)
