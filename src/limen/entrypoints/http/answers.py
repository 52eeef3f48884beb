"""Making answers: the envelope, entity tags, where new things are."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Message, Receive, Scope, Send

from limen.entrypoints.http.call import CallRequest, Headers
from limen.entrypoints.http.conditions import etag, is_known
from limen.entrypoints.http.media import JSON
from limen.entrypoints.machine_shapes import ApiKeyOut, NewApiKeyOut, ServiceAccountOut
from limen.entrypoints.passkey_shapes import PasskeyOut
from limen.entrypoints.shapes import AcceptedOut, RoleOut, Success, UserOut

T = TypeVar("T")
S = TypeVar("S", UserOut, RoleOut, PasskeyOut, ApiKeyOut, NewApiKeyOut, ServiceAccountOut)

_CREATED: Final = 201
_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304
_BODYLESS: Final = frozenset({_NO_CONTENT, _NOT_MODIFIED})


class Sending(ASGIResponse):
    """Sends what is ready."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status_code = status
        self.body = body
        self._headers = headers

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002 - the form of ASGI
        receive: Receive,  # noqa: ARG002
        send: Send,
    ) -> None:
        """Send head and body."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self._headers,
        }
        await send(cast("Message", start))
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Answered(Response[T]):
    """A whole answer, for a third of the time that Litestar's own response takes.

    `content` is encoded as JSON unless it is bytes; headers and cookies may still be added, our
    own in `set_cookies`, as they stand in their header.
    """

    def __init__(
        self,
        content: T,
        *,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str = JSON,
    ) -> None:
        self.content = content
        self.status_code: int = status_code
        self.headers = dict(headers or {})
        self.media_type: str = media_type
        self.cookies = []
        self.set_cookies: list[str] = []
        self.background = None

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """Return what sends this answer."""
        headers: Headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in self.headers.items()
        ]
        headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self.set_cookies]
        headers += [cookie.to_encoded_header() for cookie in self.cookies]
        if self.status_code in _BODYLESS:
            return Sending(self.status_code, headers, b"")
        content: object = self.content
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        headers.append((b"content-type", self.media_type.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        return Sending(self.status_code, headers, body)


def shown(request: CallRequest, shape: S) -> Answered[Success[S]]:
    """Answer with one versioned thing, or with 304 to who has it already."""
    tag = etag(shape.version)
    is_read = request.call.method in {"GET", "HEAD"}
    status = _NOT_MODIFIED if is_read and is_known(request.call, tag) else 200
    return Answered(Success(data=shape), status_code=status, headers={"ETag": tag})


def created(request: CallRequest, shape: S, route: str, **path: UUID | str) -> Answered[Success[S]]:
    """Answer that something new is there, and where: at the route of this name."""
    texts: dict[str, Any] = {name: str(value) for name, value in path.items()}
    where = request.call.base + request.app.route_reverse(route, **texts)
    headers = {"ETag": etag(shape.version), "Location": where}
    return Answered(Success(data=shape), status_code=_CREATED, headers=headers)


def accepted(message: str) -> Answered[Success[AcceptedOut]]:
    """Answer that something is done later, if there is anything to do."""
    return Answered(Success(data=AcceptedOut(message=message)), status_code=_ACCEPTED)


def plain(data: T) -> Answered[Success[T]]:
    """Answer with something that has no version."""
    return Answered(Success(data=data))


def may_wait(data: T, *, is_waiting: bool) -> Answered[Success[T]]:
    """Answer with what was done, or with what is done once somebody approves it."""
    return Answered(Success(data=data), status_code=_ACCEPTED if is_waiting else 200)
