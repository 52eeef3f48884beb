"""Requests that may be repeated: the first answer comes back (`Idempotency-Key`)."""

import logging
from typing import Final

from litestar.types import ASGIApp, Message, Send

from limen.core.errors import Fault, InvalidInput, LimenError
from limen.core.idempotency.model import Attempt, StoredAnswer
from limen.core.idempotency.service import IdempotencyService
from limen.entrypoints.http.call import Call, Headers

_HEADER: Final = b"idempotency-key"
_REPLAYED: Final = (b"idempotency-replayed", b"true")
_WORTH_REPEATING: Final = frozenset({b"content-type", b"etag", b"location"})
# Whoever is told to come again, or to go elsewhere first, must not be told so for a day.
_PASSING: Final = frozenset({401, 403, 409, 429})
_FIRST_BROKEN: Final = 500
_logger: Final = logging.getLogger(__name__)


class _Recorder:
    """Holds an answer back until it is complete."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message["body"]


async def repeatable(call: Call, idempotency: IdempotencyService, app: ASGIApp, send: Send) -> None:
    """Answer a request once; give the same answer to the same request under the same key.

    Raises all that `IdempotencyService.begin` does. What fails for now (401, 403, 409, 429, 5xx)
    is not remembered: the key may be used again.
    """
    if call.count(_HEADER) != 1:
        fault = Fault("Idempotency-Key", "repeated", "must be sent once")
        raise InvalidInput(details=(fault,))
    claim = await idempotency.begin(
        call.headers[_HEADER].decode("latin-1"), owner=_owner(call), request=_request(call)
    )
    if claim.answer is not None:
        headers = [(name.encode(), value.encode()) for name, value in claim.answer.headers]
        await _send(send, claim.answer.status, [*headers, _REPLAYED], claim.answer.body)
        return
    recorder = _Recorder()
    try:
        await app(call.scope, call.receive, recorder.send)
    except BaseException:
        await _settle(idempotency, claim.attempt, recorder, is_done=False)
        raise
    await _settle(idempotency, claim.attempt, recorder, is_done=True)
    await _send(send, recorder.status, recorder.headers, recorder.body)


async def _settle(
    idempotency: IdempotencyService, attempt: Attempt, recorder: _Recorder, *, is_done: bool
) -> None:
    try:
        if is_done and recorder.status < _FIRST_BROKEN and recorder.status not in _PASSING:
            await idempotency.finish(attempt, _worth_repeating(recorder))
        else:
            await idempotency.abandon(attempt)
    except LimenError as error:
        # The work is done, and its answer is true: it is given, though it cannot be kept.
        _logger.warning("An answer could not be kept for repetition: %s", error.code)


def _worth_repeating(recorder: _Recorder) -> StoredAnswer:
    return StoredAnswer(
        status=recorder.status,
        headers=tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in recorder.headers
            if name.lower() in _WORTH_REPEATING
        ),
        body=recorder.body,
    )


def _owner(call: Call) -> str:
    if call.key is not None:
        return f"key {call.key.key_id}"
    return f"address {call.address}" if call.claims is None else f"user {call.claims.user_id}"


def _request(call: Call) -> tuple[bytes, ...]:
    scope = call.scope
    return (
        call.method.encode(),
        scope["path"].encode(),
        scope["query_string"],
        call.headers.get(b"if-match", b""),
        call.body,
    )


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    await send({"type": "http.response.start", "status": status, "headers": [*kept, length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
