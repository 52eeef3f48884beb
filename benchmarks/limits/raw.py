"""The least that an ASGI application can do."""

from typing import Any, Final

_START: Final = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"15")],
}
_BODY: Final = {"type": "http.response.body", "body": b'{"answer": 42} '}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every request alike; refuse to have a lifespan."""
    del receive
    if scope["type"] != "http":
        raise NotImplementedError
    await send(_START)
    await send(_BODY)
