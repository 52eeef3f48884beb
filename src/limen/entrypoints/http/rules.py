"""What a route asks of a request beside what its handler says; the default is a full session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp

from limen.entrypoints.http.call import Call

BODY_LIMIT: Final = 64 * 1024
_KEY: Final = "limen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one route.

    `is_public`: nobody need be signed in. `query`: the parameters it knows, others are refused
    (`None`: it does not look). `is_repeatable`: an `Idempotency-Key` is honoured. `is_secret`: a
    credential is in the answer, which is never compressed. `is_cacheable`: it sets its own
    `Cache-Control`. `is_page`: it sets its own `Content-Security-Policy`. `has_json`: it answers
    in JSON alone. `answer`: the gate gives this answer at once, in place of the handler, which then
    only tells the OpenAPI document of the route; for what proxies ask at every request.
    """

    is_public: bool = False
    query: frozenset[str] | None = frozenset()
    body_limit: int = BODY_LIMIT
    is_repeatable: bool = False
    is_secret: bool = False
    is_cacheable: bool = False
    is_page: bool = False
    has_json: bool = True
    answer: Callable[[Call], ASGIApp] | None = None


_DEFAULT: Final = Rules()
_OPTIONS: Final = Rules(is_public=True, query=None)


def ruled(rules: Rules) -> Mapping[str, Any]:
    """Return the `opt` of a handler with these rules."""
    return {_KEY: rules}


def rules_of(handler: BaseRouteHandler, method: str) -> Rules:
    """Return the rules of a handler; those made by Litestar for `OPTIONS` only list methods."""
    if method == "OPTIONS":
        return _OPTIONS
    rules: Rules = handler.opt.get(_KEY, _DEFAULT)
    return rules
