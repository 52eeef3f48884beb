"""From refusals to answers: one table from kinds to statuses, one handler for everything."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from limen.core.errors import (
    ApiKeyInvalid,
    Fault,
    InvalidInput,
    Kind,
    LimenError,
    SecondFactorNeeded,
    SessionEnded,
    StepUpNeeded,
    TokenExpired,
    TokenInvalid,
)
from limen.core.sessions.model import FRESH
from limen.entrypoints.http.answers import Answered
from limen.entrypoints.http.call import Call, call_of
from limen.entrypoints.http.media import JSON, PROBLEM, wants_problem
from limen.entrypoints.http.misfits import in_words
from limen.entrypoints.http.refusals import (
    HostNotAllowed,
    HttpRefusal,
    MethodNotAllowed,
    RouteNotFound,
)
from limen.entrypoints.shapes import ErrorOut, Failure, FaultOut

STATUS: Final[Mapping[Kind, int]] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.UNPROCESSABLE: 422,
    Kind.THROTTLED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.BROKEN: 500,
}

_RETRY_SECONDS: Final = 5
_LACKS_PROOF: Final = (StepUpNeeded, SecondFactorNeeded)
_REALM: Final = 'Bearer realm="limen"'
_logger: Final = logging.getLogger(__name__)


class ProblemOut(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as a problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: tuple[FaultOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    media_type: str
    body: bytes


def status_of(error: LimenError) -> int:
    """Return the status that an error is answered with."""
    return error.status if isinstance(error, HttpRefusal) else STATUS[error.kind]


def render(error: LimenError, call: Call) -> Answer:
    """Make the answer of a refusal; a broken limen says no more than that."""
    shown = error if error.kind is not Kind.BROKEN else LimenError()
    call.refusal = shown
    status = status_of(shown)
    is_problem = wants_problem(call.headers.get(b"accept", b""))
    request_id = call.request_id
    content: msgspec.Struct
    if is_problem:
        content = ProblemOut(
            type=f"urn:limen:error:{shown.code}",
            title=type(shown).sentence,
            status=status,
            detail=shown.message,
            instance=f"urn:limen:request:{request_id}",
            code=shown.code,
            errors=tuple(map(FaultOut.of, shown.details)),
        )
    else:
        content = Failure(error=ErrorOut.of(shown, request_id=request_id))
    return Answer(
        status=status,
        headers=_headers(shown),
        media_type=PROBLEM if is_problem else JSON,
        body=msgspec.json.encode(content),
    )


def _headers(error: LimenError) -> dict[str, str]:
    headers = {}
    if error.kind is Kind.UNAUTHENTICATED or isinstance(error, _LACKS_PROOF):
        headers["WWW-Authenticate"] = _challenge(error)
    if error.kind in {Kind.THROTTLED, Kind.UNAVAILABLE} or error.retry_after is not None:
        headers["Retry-After"] = str(seconds_to_wait(error))
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allow
    return headers


def seconds_to_wait(error: LimenError) -> int:
    """Return for how long whoever was refused should wait."""
    seconds = _RETRY_SECONDS if error.retry_after is None else math.ceil(error.retry_after)
    return max(seconds, 1)


def _challenge(error: LimenError) -> str:
    """Return the challenge: RFC 6750 section 3, no error code for who showed no token; RFC 9470."""
    if isinstance(error, _LACKS_PROOF):
        lacks = f'error="insufficient_user_authentication", error_description="{error.sentence}"'
        is_stale = isinstance(error, StepUpNeeded)
        wanted = f'max_age="{int(FRESH.total_seconds())}"' if is_stale else 'acr_values="2"'
        return f"{_REALM}, {lacks}, {wanted}"
    if isinstance(error, TokenInvalid | TokenExpired | SessionEnded | ApiKeyInvalid):
        return f'{_REALM}, error="invalid_token", error_description="{error.sentence}"'
    return _REALM


def handle(request: Request[Any, Any, Any], error: Exception) -> Answered[bytes]:
    """Answer any exception; the one handler of all routes."""
    call = call_of(request.scope)
    answer = render(read(error, call), call)
    return Answered(
        answer.body,
        status_code=answer.status,
        headers=answer.headers,
        media_type=answer.media_type,
    )


def read(error: Exception, call: Call) -> LimenError:
    """Return what an exception means; what nobody foresaw is logged, with the request's id."""
    if isinstance(error, LimenError):
        if error.kind is Kind.BROKEN:
            _log(error, call)
        return error
    if isinstance(error, HTTPException):
        return _read_litestar(error)
    _log(error, call)
    return LimenError()


def _read_litestar(error: HTTPException) -> LimenError:
    match error:
        case NotFoundException():
            return RouteNotFound()
        case MethodNotAllowedException():
            return MethodNotAllowed((error.headers or {}).get("allow", "").split(","))
        case ValidationException():
            return InvalidInput(details=tuple(map(_fault, error.extra or [])))
        case _:
            # What Litestar refuses before it looks for a route, namely a Host that is none.
            return HostNotAllowed()


def _fault(extra: Mapping[str, str]) -> Fault:
    """Return the fault of a parameter of the path; those of bodies and queries are found before."""
    return Fault(extra.get("key", ""), "invalid", in_words(extra.get("message", "")))


def _log(error: Exception, call: Call) -> None:
    about = {"request_id": call.request_id, "route": call.route, "method": call.method}
    _logger.error("A request failed", exc_info=error, extra=about)
