"""Making answers: the envelope, entity tags, where new things are."""

from typing import Any, TypeVar, cast
from uuid import UUID

from litestar import Response
from msgspec import Struct

from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import etag, is_known
from limen.entrypoints.shapes import RoleOut, Success, UserOut

T = TypeVar("T")
S = TypeVar("S", UserOut, RoleOut)

_NOT_MODIFIED = 304
_CREATED = 201


def shown(request: CallRequest, shape: S) -> Response[Success[S]]:
    """Answer with one versioned thing, or with 304 to who has it already."""
    headers = {"ETag": etag(shape.version)}
    if request.scope["method"] == "GET" and is_known(request.call, shape.version):
        nothing = cast("Success[S]", None)
        return Response(nothing, status_code=_NOT_MODIFIED, headers=headers)
    return Response(Success(data=shape), headers=headers)


def created(request: CallRequest, shape: S, route: str, **path: UUID | str) -> Response[Success[S]]:
    """Answer that something new is there, and where: at the route of this name."""
    where = request.call.base + request.app.route_reverse(route, **_texts(path))
    headers = {"ETag": etag(shape.version), "Location": where}
    return Response(Success(data=shape), status_code=_CREATED, headers=headers)


def plain(data: T) -> Success[T]:
    """Answer with something that has no version."""
    return Success(data=data)


def _texts(path: dict[str, UUID | str]) -> dict[str, Any]:
    return {name: str(value) for name, value in path.items()}


__all__ = ["Struct", "created", "plain", "shown"]
