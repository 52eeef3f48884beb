"""What happens between the choice of a route and its handler, the same for every route."""

from typing import Any, Final, cast

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from limen.core.errors import Fault, InvalidQuery
from limen.entrypoints.http.answers import Sending
from limen.entrypoints.http.authentication import authenticate, shows_who_asks
from limen.entrypoints.http.bodies import NothingIn, decode, read_body
from limen.entrypoints.http.browsers import browsers_of
from limen.entrypoints.http.call import call_of
from limen.entrypoints.http.media import accepts_json
from limen.entrypoints.http.parameters import names_of
from limen.entrypoints.http.refusals import NotAcceptable, allowed
from limen.entrypoints.http.repetition import repeatable
from limen.entrypoints.http.rules import Query, rules_of
from limen.entrypoints.http.services import Reception

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_NO_CONTENT: Final = 204


class Gate:
    """Lets through who may come, with a body that was read; in this order.

    Who asks, what they accept, which parameters they give, what the body says, whether it was
    answered before. The first that fails is the answer.
    """

    def __init__(self, app: ASGIApp, reception: Reception) -> None:
        """Stand before `app`."""
        self._app = app
        self._reception = reception

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = call_of(scope)
        if call.method == "OPTIONS":
            await Sending(_NO_CONTENT, [(b"allow", self._allow(scope))], b"")(scope, receive, send)
            return
        handler = scope["route_handler"]
        call.rules = rules = rules_of(handler)
        if rules.is_for_browsers:
            browsers_of(call).check_origin(call)
        if not rules.is_public or (rules.is_optionally_signed_in and shows_who_asks(call)):
            await authenticate(call, rules, self._reception.services)
        if rules.answer is not None:
            await rules.answer(call)(scope, receive, send)
            return
        if rules.has_json and not accepts_json(call.headers.get(b"accept", b"")):
            raise NotAcceptable
        if rules.query is Query.NONE and scope["query_string"]:
            _refuse_parameters(scope["query_string"])
        if call.method not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        call.body = await read_body(call, rules.body_limit)
        call.data = decode(call, _shape_of(handler), is_patch=call.method == "PATCH")
        if rules.is_repeatable and b"idempotency-key" in call.headers:
            await repeatable(call, self._reception.services.idempotency, self._app, send)
        else:
            await self._app(scope, receive, send)

    def _allow(self, scope: Scope) -> bytes:
        """Return the methods of an address; Litestar knows each handler's own alone."""
        template: str = cast("dict[str, Any]", scope)["path_template"]
        return allowed(
            method
            for route in scope["litestar_app"].routes
            if isinstance(route, HTTPRoute) and route.path_format == template
            for method in route.methods
        ).encode()


def _shape_of(handler: object) -> type[Struct]:
    if isinstance(handler, HTTPRouteHandler) and handler.parsed_data_field is not None:
        shape: type[Struct] = handler.parsed_data_field.annotation
        return shape
    return NothingIn


def _refuse_parameters(query: bytes) -> None:
    """Refuse each by its name; a query such as `&` has none, and does no harm."""
    sentence = "is not known here; this address takes no parameters"
    faults = tuple(Fault(name, "unknown_parameter", sentence) for name in names_of(query))
    if faults:
        raise InvalidQuery(details=faults)
