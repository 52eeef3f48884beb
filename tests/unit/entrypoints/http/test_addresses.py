"""The client's address through proxies that are trusted, and through those that are not."""

from ipaddress import ip_network

import pytest

from limen.entrypoints.http.addresses import client_address
from tests.unit.entrypoints.http.site import PASSWORD, open_site

PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "2001:db8:aaaa::/48", "127.0.0.1/32")))


def address(peer: str | None, *headers: tuple[str, str]) -> str | None:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return client_address(peer, raw, PROXIES)


def x(value: str) -> tuple[str, str]:
    return ("X-Forwarded-For", value)


def f(value: str) -> tuple[str, str]:
    return ("Forwarded", value)


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        # Nobody trusted stands between: headers count for nothing.
        ("198.51.100.9", [], "198.51.100.9"),
        ("198.51.100.9", [x("1.2.3.4")], "198.51.100.9"),
        ("198.51.100.9", [f("for=1.2.3.4")], "198.51.100.9"),
        ("11.0.0.1", [x("1.2.3.4")], "11.0.0.1"),
        # A listed proxy says who came.
        ("10.0.0.1", [x("1.2.3.4")], "1.2.3.4"),
        ("10.0.0.1", [f("for=1.2.3.4")], "1.2.3.4"),
        ("10.0.0.1", [f('For="[2001:db8::1]:4711";proto=https;by=10.0.0.1')], "2001:db8::1"),
        ("::ffff:10.0.0.1", [x("1.2.3.4")], "1.2.3.4"),
        ("2001:db8:aaaa::7", [x("2001:db8::1")], "2001:db8::1"),
        ("10.0.0.1", [x("1.2.3.4:5678")], "1.2.3.4"),
        ("10.0.0.1", [x("::ffff:1.2.3.4")], "1.2.3.4"),
        # What stands further left was written by whoever asked.
        ("10.0.0.1", [x("9.9.9.9, 1.2.3.4")], "1.2.3.4"),
        ("10.0.0.1", [x("9.9.9.9, 1.2.3.4, 10.0.0.2")], "1.2.3.4"),
        ("10.0.0.1", [x("9.9.9.9"), x("1.2.3.4, 10.0.0.2")], "1.2.3.4"),
        ("10.0.0.1", [f("for=9.9.9.9"), f("for=1.2.3.4, for=10.0.0.2")], "1.2.3.4"),
        # Everybody is a proxy: the farthest one.
        ("10.0.0.1", [x("10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        # What is no address ends the walk at the nearest that is one.
        ("10.0.0.1", [x("1.2.3.4, unknown")], "10.0.0.1"),
        ("10.0.0.1", [x("1.2.3.4, unknown, 10.0.0.2")], "10.0.0.2"),
        ("10.0.0.1", [f("for=_hidden")], "10.0.0.1"),
        ("10.0.0.1", [f("proto=https")], "10.0.0.1"),
        ("10.0.0.1", [x("")], "10.0.0.1"),
        ("10.0.0.1", [x("<script>")], "10.0.0.1"),
        # Two headers that agree, and two that do not: a client can add the one that the proxy
        # does not set, but gains nothing by it.
        ("10.0.0.1", [x("1.2.3.4"), f("for=1.2.3.4")], "1.2.3.4"),
        ("10.0.0.1", [x("1.2.3.4"), f("for=9.9.9.9")], "10.0.0.1"),
        # Over a Unix socket, or from a server that does not say.
        (None, [x("1.2.3.4")], None),
        ("", [x("1.2.3.4")], None),
        ("not an address", [x("1.2.3.4")], None),
        ("fe80::1%eth0", [], "fe80::1"),
    ],
)
def test_the_address_is_the_nearest_that_is_no_proxy(
    peer: str | None, headers: list[tuple[str, str]], expected: str | None
) -> None:
    assert address(peer, *headers) == expected


@pytest.mark.parametrize(
    ("proxies", "expected"), [((), "10.0.0.1"), (("10.0.0.1/32",), "203.0.113.7")]
)
async def test_sessions_remember_where_they_came_from(
    proxies: tuple[str, ...], expected: str
) -> None:
    async with open_site(trusted_proxies=proxies, peer="10.0.0.1") as site:
        await site.user_id("ada@example.org")
        body = {"identifier": "ada@example.org", "password": PASSWORD}
        headers = {"x-forwarded-for": "203.0.113.7"}
        data = (await site.ask("POST", "auth/login", json=body, headers=headers)).json()["data"]
        bearer = {"authorization": f"Bearer {data['access_token']}"}
        (session,) = (await site.ask("GET", "me/sessions", headers=bearer)).json()["data"]
        assert session["address"] == expected
