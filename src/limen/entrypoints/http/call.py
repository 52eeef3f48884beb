"""One request on its way through the door."""

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from litestar import Request
from litestar.datastructures import State
from litestar.types import Receive, Scope

from limen.core.actor import Actor, ActorKind
from limen.core.api_keys.model import KeyClaims
from limen.core.errors import LimenError, NotSignedIn
from limen.core.ids import UserId
from limen.core.meter import Meter
from limen.core.states import SessionState
from limen.core.tokens.model import AccessClaims
from limen.entrypoints.http.addresses import Network, client_address

if TYPE_CHECKING:
    from limen.entrypoints.http.browsers import Browsers
    from limen.entrypoints.http.rules import Rules

_KEY: Final = "limen"
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACE_PARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?"
)

# Of the request that this task serves: for log lines of whoever does not know the call.
REQUEST_ID: Final[ContextVar[str]] = ContextVar("REQUEST_ID", default="")

Headers: TypeAlias = list[tuple[bytes, bytes]]


class Call:
    """What limen knows of one request. It is made by the frame and lives in the scope.

    `headers` holds the last header of each name; `refusal` is what went wrong, `claims` what the
    token or the cookie says, `cookie` that cookie, `key` what the API key says, `body` and `data`
    the body as it came and as it was read, `meter` what was counted.
    """

    __slots__ = (
        "_address",
        "_proxies",
        "base",
        "body",
        "browsers",
        "claims",
        "cookie",
        "data",
        "headers",
        "key",
        "meter",
        "method",
        "raw_headers",
        "receive",
        "refusal",
        "request_id",
        "rules",
        "scope",
        "status",
        "trace",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        new_id: str,
        proxies: tuple[Network, ...],
        base: str = "",
    ) -> None:
        """Begin; `new_id` names the request unless it came with a good name.

        `base` is the path that the public URL puts before every route.
        """
        self.base = base
        self.scope = scope
        self.receive = receive
        self.method: str = cast("dict[str, Any]", scope)["method"]
        self.raw_headers: Headers = cast("Headers", scope["headers"])
        self.headers: dict[bytes, bytes] = dict(self.raw_headers)
        given = self.headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            new_id = given.decode()
        self.request_id = new_id
        REQUEST_ID.set(new_id)
        self._proxies = proxies
        self._address: str | bool | None = False
        self.trace: tuple[str, str] | None = None
        self.browsers: Browsers | None = None
        self.claims: AccessClaims | None = None
        self.cookie: str | None = None
        self.key: KeyClaims | None = None
        self.meter = Meter()
        self.rules: Rules | None = None
        self.refusal: LimenError | None = None
        self.body = b""
        self.data: object = None
        self.status = 0

    def continue_trace(self, span_id: str) -> bytes | None:
        """Join the trace the caller is in (W3C Trace Context), as the span `span_id`.

        Returns the `traceresponse`, or `None` for a caller without a trace.
        """
        parent = self.headers.get(b"traceparent")
        match = _TRACE_PARENT.fullmatch(parent) if parent else None
        if match is None:
            return None
        trace_id, flags = match[1].decode(), match[2].decode()
        self.trace = (trace_id, span_id)
        return f"00-{trace_id}-{span_id}-{flags}".encode()

    @property
    def address(self) -> str | None:
        """The address of the client."""
        if isinstance(self._address, bool):
            client = self.scope["client"]
            peer = client[0] if client else None
            self._address = client_address(peer, self.raw_headers, self._proxies)
        return self._address

    @property
    def actor(self) -> Actor:
        """The party that asks, as far as it has shown who it is."""
        claims = self.claims
        user_agent = self.headers.get(b"user-agent")
        actor = Actor(
            kind=ActorKind.ANONYMOUS,
            request_id=self.request_id,
            address=self.address,
            user_agent=None if user_agent is None else user_agent.decode("latin-1"),
            meter=self.meter,
            device=None if self.browsers is None else self.browsers.device_of(self),
        )
        if claims is not None:
            is_full = claims.state is SessionState.FULL
            become = actor.as_user if is_full else actor.as_identified
            actor = become(claims.user_id, claims.session_id, claims.authenticated_at)
        key = self.key
        return actor if key is None else actor.as_key(key.user_id, key.name, key.scopes)

    @property
    def user_id(self) -> UserId | None:
        """The user who asks, or for whom a key asks."""
        shown = self.claims or self.key
        return None if shown is None else shown.user_id

    @property
    def route(self) -> str:
        """The template of the route that answers, such as `/users/{user_id}`."""
        template: str = cast("dict[str, Any]", self.scope).get("path_template", "")
        return template or "(none)"

    def count(self, name: bytes) -> int:
        """Return how often a header came."""
        return sum(key == name for key, _ in self.raw_headers)


def call_of(scope: Scope) -> Call:
    """Return the call that the frame made for this request."""
    call: Call = cast("dict[str, Any]", scope)[_KEY]
    return call


def put_call(scope: Scope, call: Call) -> None:
    """Leave the call where `call_of` finds it."""
    cast("dict[str, Any]", scope)[_KEY] = call


def signed_in(call: Call) -> AccessClaims:
    """Return what the token of the caller says; the gate let nobody through without one."""
    if call.claims is None:
        raise NotSignedIn
    return call.claims


def has_call(scope: Scope) -> bool:
    """Tell whether a frame stands around this request already."""
    return _KEY in scope


class CallRequest(Request[Actor, AccessClaims | None, State]):
    """The request as handlers see it: with the call, and a body that was read and checked."""

    @property
    def call(self) -> Call:
        """What limen knows of this request."""
        return call_of(self.scope)

    @property
    def actor(self) -> Actor:
        """The party that asks."""
        return call_of(self.scope).actor

    @property
    def claims(self) -> AccessClaims:
        """What the token of the caller says."""
        return signed_in(call_of(self.scope))

    @property
    def user_id(self) -> UserId:
        """The user who asks, or for whom a key asks; the gate let nobody else through."""
        user_id = call_of(self.scope).user_id
        if user_id is None:
            raise NotSignedIn
        return user_id

    async def body(self) -> bytes:
        """Return the body, which the gate has read."""
        return call_of(self.scope).body

    async def json(self) -> Any:
        """Return the struct that the gate made of the body."""
        return call_of(self.scope).data
