"""What a well-behaved client never sends, and what servers may do."""

import asyncio
from typing import Any

import pytest

from limen.core.idempotency.service import IdempotencyService
from limen.entrypoints.http.call import Call, CallRequest, call_of, put_call
from limen.entrypoints.http.frame import Frame
from limen.entrypoints.http.media import accepts_json, wants_problem
from limen.entrypoints.http.repetition import repeatable
from limen.entrypoints.http.services import Opened, Reception
from limen.testing.assembly import Assembly
from limen.testing.fakes import SeededEntropy
from tests.unit.entrypoints.http.site import Site, http_settings


def scope_of(**changes: Any) -> Any:
    return {
        "type": "http",
        "method": "GET",
        "path": "/health/live",
        "raw_path": b"/health/live",
        "query_string": b"",
        "headers": [(b"host", b"id.example.org")],
        "client": None,
        "server": None,
        "scheme": "https",
        "root_path": "",
        "http_version": "1.1",
        **changes,
    }


async def speak(
    app: Any, scope: Any, *incoming: dict[str, Any]
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Call an application as a server does; return status, headers and body."""
    waiting = [*incoming, {"type": "http.disconnect"}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent)
    return start["status"], dict(start["headers"]), body


@pytest.mark.parametrize("host", [b"a b", b"a<b", b"\xff"])
async def test_a_host_that_is_none_is_refused(site: Site, host: bytes) -> None:
    status, _, body = await speak(site.app, scope_of(headers=[(b"host", host)]))
    assert status == 400
    assert b"http.host_not_allowed" in body


async def test_a_body_that_breaks_off_changes_nothing(site: Site) -> None:
    headers = [(b"host", b"a"), (b"content-type", b"application/json")]
    scope = scope_of(method="POST", path="/api/v1/auth/register", headers=headers)
    part = {"type": "http.request", "body": b'{"email": "a', "more_body": True}
    status, _, body = await speak(site.app, scope, part)
    assert status == 400
    assert b"http.body_interrupted" in body
    assert await site.limen.event_names() == []


async def test_a_body_in_pieces_is_one(site: Site) -> None:
    headers = [(b"host", b"a"), (b"content-type", b"application/json")]
    scope = scope_of(method="POST", path="/api/v1/auth/register", headers=headers)
    whole = b'{"email": "a@example.org", "password": "correct horse battery"}'
    pieces = [{"type": "http.request", "body": bytes([byte]), "more_body": True} for byte in whole]
    status, _, _ = await speak(site.app, scope, *pieces, {"type": "http.request"})
    assert status == 201


async def test_a_query_that_is_not_ascii_is_refused(site: Site) -> None:
    ada = await site.person()
    headers = [(b"host", b"a"), (b"authorization", ada.headers["authorization"].encode())]
    scope = scope_of(path="/api/v1/me", query_string="ä".encode("latin-1"), headers=headers)
    status, _, body = await speak(site.app, scope)
    assert status == 400
    assert b"not_text" in body
    harmless = scope_of(path="/api/v1/me", query_string=b"&", headers=headers)
    assert (await speak(site.app, harmless))[0] == 200


def framed(app: Any) -> Frame:
    reception = Reception()
    reception._opened = Opened(services=Assembly(), entropy=SeededEntropy())
    return Frame(app, settings=http_settings(), reception=reception, witness=lambda *_: None)


async def test_a_long_answer_passes_in_pieces() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"x" * 2000, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    headers = [(b"host", b"a"), (b"accept-encoding", b"gzip")]
    status, found, body = await speak(framed(app), scope_of(headers=headers))
    assert (status, len(body)) == (200, 6000)
    assert b"content-encoding" not in found


async def test_an_answer_that_breaks_in_the_middle_is_not_ended_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await speak(framed(app), scope_of())
    assert "ZeroDivisionError" in caplog.text


async def test_other_messages_and_other_protocols_pass() -> None:
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope["type"])
        await send({"type": "http.response.push", "path": "/x", "headers": []})
        await send({"type": "http.response.start", "status": 204, "headers": []})

    assert (await speak(framed(app), scope_of()))[0] == 204
    await speak(framed(app), {"type": "websocket"})
    assert seen == ["http", "websocket"]


async def test_a_frame_in_a_frame_does_nothing() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        call = call_of(scope).request_id.encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", call)]})

    status, headers, _ = await speak(framed(framed(app)), scope_of())
    assert status == 200
    assert headers[b"a"] == headers[b"x-request-id"]


def test_a_door_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="lifespan"):
        _ = Reception().services


async def test_an_interrupted_request_may_be_repeated() -> None:
    limen = Assembly()
    service: IdempotencyService = limen.idempotency
    scope = scope_of(method="POST", headers=[(b"idempotency-key", b"k")])

    async def interrupted(*_: Any) -> None:
        raise asyncio.CancelledError

    async def done(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done", "more_body": False})

    async def receive() -> Any:
        raise AssertionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    def call() -> Call:
        return Call(scope, receive, "id", ())

    with pytest.raises(asyncio.CancelledError):
        await repeatable(call(), service, interrupted, send)
    await repeatable(call(), service, done, send)
    await repeatable(call(), service, interrupted, send)
    assert [message["body"] for message in sent if "body" in message] == [b"done", b"done"]


def test_a_request_is_somebodys_only_with_a_token() -> None:
    from limen.core.errors import NotSignedIn  # noqa: PLC0415

    scope = scope_of(state={})

    async def receive() -> Any:
        raise AssertionError

    put_call(scope, Call(scope, receive, "id", ()))
    request = CallRequest(scope)
    with pytest.raises(NotSignedIn):
        _ = request.claims
    assert request.actor.address is None
    assert request.actor.user_id is None


@pytest.mark.parametrize(
    ("accept", "json", "problem"),
    [
        (b"", True, False),
        (b",", True, False),
        (b"application/json;q=x", False, False),
        (b"application/problem+json;q=0", False, False),
        (b"application/problem+json;q=0.1, text/html", True, True),
        (b"application/*;q=0, */*;q=1", False, False),
        (b"\xff/\xff", False, False),
    ],
)
def test_odd_accepts_are_read(accept: bytes, json: bool, problem: bool) -> None:
    assert (accepts_json(accept), wants_problem(accept)) == (json, problem)
