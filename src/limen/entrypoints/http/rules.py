"""What a route asks of a request beside what its handler says; the default is a full session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp
from msgspec import Struct

from limen.core.meter import Limit
from limen.core.query import Field
from limen.entrypoints.http.call import Call

BODY_LIMIT: Final = 64 * 1024
_KEY: Final = "limen"


class Query(Enum):
    """What a route does with query parameters: it refuses any, lists by them, or does not look."""

    NONE = "none"
    LIST = "list"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list: the shape it shows (`name` without its ending), and the fields it is asked by.

    With `has_pages` it can be searched and counted, too, and walked by pages.
    """

    name: str
    shape: type[Struct]
    fields: Mapping[str, Field]
    default_sort: str
    has_pages: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one route.

    - `is_public`: nobody need be signed in.
    - `is_optionally_signed_in`: a public route that minds who is; a bad token is refused there.
    - `is_for_browsers`: it sets a cookie, so only pages of listed origins may ask.
    - `is_open_to_keys`: an API key may come here, and what it may do is checked as a permission;
      everywhere else only people may.
    - `is_open_to_identified`: a session in which nothing was proved is enough; everywhere else
      it is refused as one that needs a step-up.
    - `is_fresh`: the user must have proved lately who they are; the use case checks that.
    - `is_fresh_at_times`: as `is_fresh`, but only for what the description ends with.
    - `limits`: what it counts for the caller's network.
    - `query`: what parameters it takes; `lists` which list they are of.
    - `is_repeatable`: an `Idempotency-Key` is honoured.
    - `is_secret`: a credential is in the answer, which is never compressed.
    - `is_cacheable`: it sets its own `Cache-Control`.
    - `is_page`: it sets its own `Content-Security-Policy`.
    - `has_json`: it answers in JSON alone.
    - `answer`: the gate gives this answer at once, in place of the handler, which then only tells
      the OpenAPI document of the route; for what proxies ask at every request.
    """

    is_public: bool = False
    is_optionally_signed_in: bool = False
    is_for_browsers: bool = False
    is_open_to_keys: bool = False
    is_open_to_identified: bool = False
    is_fresh: bool = False
    is_fresh_at_times: bool = False
    limits: tuple[Limit, ...] = ()
    query: Query = Query.NONE
    lists: ListOf | None = None
    body_limit: int = BODY_LIMIT
    is_repeatable: bool = False
    is_secret: bool = False
    is_cacheable: bool = False
    is_page: bool = False
    has_json: bool = True
    answer: Callable[[Call], ASGIApp] | None = None


_DEFAULT: Final = Rules()


def ruled(rules: Rules) -> Mapping[str, Any]:
    """Return the `opt` of a handler with these rules."""
    return {_KEY: rules}


def rules_of(handler: BaseRouteHandler) -> Rules:
    """Return the rules of a handler."""
    rules: Rules = handler.opt.get(_KEY, _DEFAULT)
    return rules
