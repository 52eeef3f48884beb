"""Smaller answers, where nothing can be learned from their size."""

import gzip

import brotli  # type: ignore[import-untyped]
import pytest

from limen.entrypoints.http.compression import Coding, allows, coding_of
from limen.testing.assembly import OPERATOR
from tests.unit.entrypoints.http.site import PASSWORD, Person, Site


async def many(site: Site) -> Person:
    root = await site.administrator()
    for number in range(30):
        await site.user_id(f"user{number}@example.org")
    return root


@pytest.mark.parametrize("accept", ["gzip", "br", "br;q=0.5, gzip;q=0.1", "*", "gzip, deflate, br"])
async def test_long_lists_are_compressed(site: Site, accept: str) -> None:
    root = await many(site)
    plain = await site.ask("GET", "users?limit=30", by=root)
    packed = await site.ask("GET", "users?limit=30", by=root, headers={"accept-encoding": accept})
    assert packed.headers["content-encoding"] == ("gzip" if accept == "gzip" else "br")
    assert "Accept-Encoding" in packed.headers["vary"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.json() == plain.json()


async def test_very_long_answers_are_compressed_beside_the_loop(site: Site) -> None:
    root = await site.administrator()
    for number in range(110):
        await site.limen.users.create(
            actor=OPERATOR, email=f"u{number}@example.org", attributes={"text": "x" * 400}
        )
    packed = await site.ask("GET", "users?limit=110", by=root, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.json()["data"]) == 110


@pytest.mark.parametrize("accept", ["", "identity", "deflate", "gzip;q=0", "*;q=0", "gzip;q=0.000"])
async def test_who_takes_no_coding_gets_none(site: Site, accept: str) -> None:
    root = await many(site)
    response = await site.ask("GET", "users?limit=30", by=root, headers={"accept-encoding": accept})
    assert "content-encoding" not in response.headers


async def test_small_answers_stay_as_they_are(site: Site) -> None:
    response = await site.ask("GET", "/health/live", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers


async def test_secrets_are_never_compressed(site: Site) -> None:
    await site.user_id("ada@example.org")
    body = {"identifier": "ada@example.org", "password": PASSWORD}
    headers = {"accept-encoding": "gzip, br"}
    signed_in = await site.ask("POST", "auth/login", json=body, headers=headers)
    assert len(signed_in.content) > 1024 or signed_in.status_code == 200
    assert "content-encoding" not in signed_in.headers
    refresh = {"refresh_token": signed_in.json()["data"]["refresh_token"]}
    refreshed = await site.ask("POST", "auth/refresh", json=refresh, headers=headers)
    assert "content-encoding" not in refreshed.headers


async def test_what_has_a_strong_tag_is_never_compressed(site: Site) -> None:
    root = await site.administrator()
    made = await site.ask(
        "POST",
        "users",
        by=root,
        json={"email": "a@example.org", "attributes": {"text": "x" * 4000}},
        headers={"accept-encoding": "gzip"},
    )
    assert made.status_code == 201
    assert "content-encoding" not in made.headers


def test_the_codings_are_what_they_say() -> None:
    assert coding_of(b"gzip, br") is Coding.BROTLI
    assert coding_of(b"gzip") is Coding.GZIP
    assert coding_of(b"zstd") is None
    assert not allows(b"br;q=0, *", Coding.BROTLI)
    assert allows(b"br;q=0, *", Coding.GZIP)


async def test_the_body_is_that_coding(site: Site) -> None:
    root = await many(site)
    plain = (await site.ask("GET", "users?limit=30", by=root)).content
    for coding, unpack in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        sent = await packed_bytes(site, root, coding)
        assert unpack(sent) == plain


async def packed_bytes(site: Site, by: Person, coding: str) -> bytes:
    """Speak ASGI, because the client unpacks by itself."""
    parts: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            parts.append(message["body"])  # type: ignore[arg-type]

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/users",
        "query_string": b"limit=30",
        "headers": [
            (b"host", b"id.example.org"),
            (b"authorization", by.headers["authorization"].encode()),
            (b"accept-encoding", coding.encode()),
        ],
        "client": ("198.51.100.9", 1),
        "server": ("id.example.org", 443),
        "scheme": "https",
        "root_path": "",
        "http_version": "1.1",
        "raw_path": b"/api/v1/users",
    }
    await site.app(scope, receive, send)  # type: ignore[arg-type]
    return b"".join(parts)
