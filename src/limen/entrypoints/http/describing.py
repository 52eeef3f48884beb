"""What the OpenAPI document says of a route, and the rules that make it true."""

from collections.abc import Mapping
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from limen.entrypoints.http.rules import Rules, ruled
from limen.entrypoints.shapes import Failure

BEARER: Final = "bearer"
API_KEY: Final = "api_key"
COOKIE: Final = "cookie"
_VERSIONED: Final = "is_versioned"

_WHEN: Final[Mapping[int, str]] = {
    202: "Mail is on its way and tells the rest, or somebody else has to approve it",
    400: "The body, a parameter or a header has the wrong form",
    401: "No access token, or one that is expired or refused",
    403: "Not allowed, also by a cookie without its CSRF token; or more has to be proved first "
    "(RFC 9470), as WWW-Authenticate says",
    404: "Not there",
    406: "None of the accepted media types can be given",
    409: "Already there, or changed meanwhile",
    412: "If-Match names another version",
    408: "The body did not come in time",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "Well-formed, but refused",
    429: "Too much at once; Retry-After says how long to wait",
    431: "The headers are too large",
    500: "A fault in limen",
    503: "The store, or something else that is needed, is out",
}
_FOR_ALL: Final = (400, 431, 500, 503)
_FOR_BODIES: Final = (408, 413, 415)
# An API key may be shown anywhere: it is refused, or throttled when it is wrong. A sign-in that
# waits for its second factor is known, and may not.
_FOR_SIGNED_IN: Final = (401, 403, 429)
_FOR_REPEATABLE: Final = (409, 422)


def described(
    name: str,
    summary: str,
    *,
    refuses: tuple[int, ...] = (),
    rules: Rules | None = None,
    has_body: bool = False,
    is_versioned: bool = False,
    shapes: Mapping[int, type] | None = None,
) -> dict[str, Any]:
    """Return the arguments of a route handler: its name, its summary, how it refuses, its rules.

    `refuses` lists the statuses beside those that follow from the rules, `shapes` what they
    answer with if it is no refusal. `is_versioned`: the route gives or heeds entity tags.
    """
    kept = rules or Rules()
    statuses = {*_FOR_ALL, *refuses, *(shapes or {})}
    if kept.has_json:
        statuses.add(406)
    if kept.is_optionally_signed_in or not kept.is_public:
        statuses.update(_FOR_SIGNED_IN)
    if has_body:
        statuses.update(_FOR_BODIES)
    if kept.is_repeatable:
        statuses.update(_FOR_REPEATABLE)
    return {
        "operation_id": name,
        "summary": summary,
        "responses": {
            status: _spec(status, (shapes or {}).get(status, Failure))
            for status in sorted(statuses)
        },
        "security": _security(kept),
        "opt": {**ruled(kept), _VERSIONED: is_versioned},
    }


def _security(rules: Rules) -> list[dict[str, list[str]]]:
    if rules.is_optionally_signed_in:
        return [{}, {BEARER: []}, {COOKIE: []}]
    if rules.is_public:
        return []
    open_to = [BEARER]
    if rules.answer is None:
        open_to.append(COOKIE)
    if rules.is_open_to_keys:
        open_to.append(API_KEY)
    return [{scheme: []} for scheme in open_to]


def is_versioned(handler: HTTPRouteHandler) -> bool:
    """Tell whether a route gives or heeds entity tags."""
    return bool(handler.opt.get(_VERSIONED, False))


def when(status: int) -> str:
    """Say when a refusal has this status."""
    return _WHEN[status]


def _spec(status: int, shape: type) -> ResponseSpec:
    return ResponseSpec(
        data_container=shape,
        generate_examples=False,
        description=when(status),
    )
