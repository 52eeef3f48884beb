"""What follows for passkeys from where limen is reached, and whether it fits together."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from limen.core.errors import Fault

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HERE: Final = "localhost"


def derive_passkeys(values: dict[str, Any]) -> None:
    """Fill in the domain, its name and all origins, where nothing was given.

    No browser takes an address for a domain: this machine is reached as localhost.
    """
    origin = _origin(values["http.public_url"])
    if values["passkey.rp_id"] is None:
        values["passkey.rp_id"] = urlsplit(origin).hostname
    if values["passkey.rp_name"] is None:
        values["passkey.rp_name"] = values["passkey.rp_id"]
    values["passkey.origins"] = tuple(dict.fromkeys([origin, *values["passkey.origins"]]))


def check_passkeys(values: Mapping[str, Any], given: Mapping[str, object]) -> Iterator[Fault]:
    """Yield what is wrong with settings of passkeys that were given: browsers would refuse them."""
    rp_id = values["passkey.rp_id"]
    hosts = [urlsplit(origin).hostname or "" for origin in values["passkey.origins"]]
    if given.get("LIMEN_PASSKEY_RP_ID") and not _is_within(hosts[0], rp_id):
        message = f"must be the host of LIMEN_PUBLIC_URL, {hosts[0]}, or a domain above it"
        yield Fault("LIMEN_PASSKEY_RP_ID", "elsewhere", message)
    for host in hosts[1:]:
        if not _is_within(host, rp_id):
            message = f"must lie within {rp_id}, which passkeys are for; {host} does not"
            yield Fault("LIMEN_PASSKEY_ORIGINS", "elsewhere", message)


def _is_within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _origin(url: str) -> str:
    """Return the origin of pages at `url` as browsers write it (RFC 6454 section 6.2)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = _HERE if _is_loopback(host) else f"[{host}]" if ":" in host else host
    is_default = parts.port in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{shown}" + ("" if is_default else f":{parts.port}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
