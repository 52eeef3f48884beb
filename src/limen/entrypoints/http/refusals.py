"""Refusals that only HTTP knows, each with the status that its standard gives it."""

from collections.abc import Iterable
from typing import ClassVar

from limen.core.errors import Kind, LimenError


class HttpRefusal(LimenError):
    """The request is not one that can be answered."""

    code = "http.refused"
    kind = Kind.INVALID
    status: ClassVar[int] = 400


class RouteNotFound(HttpRefusal):
    """There is nothing at this address."""

    code = "http.route_not_found"
    kind = Kind.NOT_FOUND
    status = 404


class MethodNotAllowed(HttpRefusal):
    """This address does not take this method. The header Allow lists those it takes."""

    code = "http.method_not_allowed"
    status = 405

    def __init__(self, methods: Iterable[str] = ()) -> None:
        """Name the methods that are allowed."""
        super().__init__()
        self.allow = allowed(methods)


class NotAcceptable(HttpRefusal):
    """None of the media types in Accept can be answered with; there is application/json."""

    code = "http.not_acceptable"
    status = 406


class BodyTooLarge(HttpRefusal):
    """The body is too large for this address."""

    code = "http.body_too_large"
    status = 413


class BodyTooSlow(HttpRefusal):
    """The body did not come in time."""

    code = "http.body_too_slow"
    status = 408


class UnsupportedMediaType(HttpRefusal):
    """The body must be application/json in UTF-8, without a content coding."""

    code = "http.unsupported_media_type"
    status = 415


class HeadersTooLarge(HttpRefusal):
    """The headers are too many or too large."""

    code = "http.headers_too_large"
    status = 431


class HostNotAllowed(HttpRefusal):
    """The header Host does not name this server."""

    code = "http.host_not_allowed"


class BodyMalformed(HttpRefusal):
    """The body is not valid JSON in UTF-8."""

    code = "http.body_malformed"


class BodyInterrupted(HttpRefusal):
    """The body ended before it was complete."""

    code = "http.body_interrupted"


def allowed(methods: Iterable[str]) -> str:
    """Return the header `Allow` for these; whoever takes GET takes HEAD, and all take OPTIONS."""
    known = {method.strip() for method in methods if method.strip()} | {"OPTIONS"}
    return ", ".join(sorted(known | {"HEAD"} if "GET" in known else known))
