"""A former system that is asked over HTTP, and every answer that is none."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest
from aiohttp import ClientTimeout, web

from limen.adapters.former_http import HttpFormerPasswords
from limen.core.errors import FormerSystemUnavailable
from limen.core.secret import Secret
from limen.testing.contracts.former_passwords import (
    FormerPasswordsContract,
    UnreachableFormerPasswordsContract,
)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN, PASSWORD = "a token", "correct horse battery"
YES = b'{"matches": true}'


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve on this machine, under the address that is given."""
    application = web.Application()
    application.router.add_route("*", "/check", handler)
    application.router.add_route("*", "/yes", says(YES))
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/check"
    finally:
        await runner.cleanup()


def says(body: bytes, headers: dict[str, str] | None = None, *, status: int = 200) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(0)
        return web.Response(body=body, status=status, headers=headers)

    return answer


async def honest(request: web.Request) -> web.Response:
    """Answer as the guide says."""
    if request.method != "POST" or request.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise web.HTTPUnauthorized
    question = await request.json()
    assert set(question) == {"name", "password"}
    is_match = question == {"name": "ada", "password": PASSWORD}
    return web.json_response({"matches": is_match})


class TestHttp(FormerPasswordsContract):
    @pytest.fixture
    async def former(self) -> AsyncIterator[HttpFormerPasswords]:
        async with serving(honest) as url:
            yield HttpFormerPasswords(url, Secret(TOKEN))

    @pytest.fixture
    def name(self) -> str:
        return "ada"

    @pytest.fixture
    def password(self) -> str:
        return PASSWORD


class TestHttpWithAnotherToken(UnreachableFormerPasswordsContract):
    @pytest.fixture
    async def former(self) -> AsyncIterator[HttpFormerPasswords]:
        async with serving(honest) as url:
            yield HttpFormerPasswords(url, Secret("another token"))


class TestNobodyThere(UnreachableFormerPasswordsContract):
    @pytest.fixture
    async def former(self) -> HttpFormerPasswords:
        async with serving(honest) as url:
            pass
        return HttpFormerPasswords(url, Secret(TOKEN))


NO_ANSWERS = {
    "another status": says(YES, status=201),
    "an error": says(YES, status=500),
    "a redirect": says(b"", {"Location": "/yes"}, status=307),
    "nothing": says(b""),
    "text": says(b"true"),
    "a number": says(b'{"matches": 1}'),
    "a word": says(b'{"matches": "true"}'),
    "null": says(b'{"matches": null}'),
    "more": says(b'{"matches": true, "user": "ada"}'),
    "less": says(b"{}"),
    "twice": says(b'{"matches": false, "matches": true}'),
    "pairs": says(b'[["matches", true]]'),
    "another encoding": says(YES.decode().encode("utf-16")),
    "a list": says(b'[{"matches": true}]'),
    "half": says(YES[:-1]),
    "no text": says(b'{"matches": true}\xff'),
    "too long": says(YES + b" " * 1024),
    "too deep": says(b"[" * 1000),
    "compressed": says(gzip.compress(YES), {"Content-Encoding": "gzip"}),
    "a long header": says(YES, {"X-Long": "x" * 5000}),
}


class TestNoAnswer(UnreachableFormerPasswordsContract):
    @pytest.fixture(params=sorted(NO_ANSWERS))
    async def former(self, request: pytest.FixtureRequest) -> AsyncIterator[HttpFormerPasswords]:
        async with serving(NO_ANSWERS[request.param]) as url:
            yield HttpFormerPasswords(url, Secret(TOKEN))


async def test_an_answer_that_drips_is_waited_for_no_longer_than_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(YES[:5])
        await asyncio.Event().wait()
        return answer

    monkeypatch.setattr("limen.adapters.former_http._TIMEOUT", ClientTimeout(total=0.2))
    async with serving(drip) as url:
        with pytest.raises(FormerSystemUnavailable):
            await HttpFormerPasswords(url, Secret(TOKEN)).matches("ada", Secret(PASSWORD))


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(honest) as url:
        former = HttpFormerPasswords(url, Secret(TOKEN))
        assert await former.matches("ada", Secret(PASSWORD)) is True


async def test_what_is_asked_is_json_and_nothing_else() -> None:
    seen: list[tuple[str, str, object]] = []

    async def look(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        seen.append((request.method, request.headers["Content-Type"], body))
        assert "Cookie" not in request.headers
        return web.Response(body=YES, headers={"Set-Cookie": "a=b"})

    async with serving(look) as url:
        former = HttpFormerPasswords(url, Secret(TOKEN))
        for _ in range(2):
            await former.matches("Zoë", Secret('p"ä\\ss'))
    question = {"name": "Zoë", "password": 'p"ä\\ss'}
    assert seen == [("POST", "application/json", question)] * 2
