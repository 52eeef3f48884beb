"""Around every request: its name, its bounds, the headers of every answer, and one log line."""

# How long a request took is no matter of the clock that tests move.
from collections.abc import Callable
from time import perf_counter  # noqa: TID251
from typing import Any, Final, cast
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from limen.entrypoints.http.browsers import Browsers
from limen.entrypoints.http.call import Call, Headers, has_call, put_call
from limen.entrypoints.http.compression import Coding, coding_of, may_shrink, shrink
from limen.entrypoints.http.errors import Answer, read, render
from limen.entrypoints.http.hosts import Hosts
from limen.entrypoints.http.origins import Origins
from limen.entrypoints.http.protection import Protection
from limen.entrypoints.http.rates import rate_headers
from limen.entrypoints.http.refusals import HeadersTooLarge, HostNotAllowed
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.http.services import Reception
from limen.wiring.groups import HttpSettings

_ID_BYTES: Final = 16
_SPAN_BYTES: Final = 8
_MOST_HEADERS: Final = 100
_LARGEST_HEADERS: Final = 16 * 1024
_DEFAULT_RULES: Final = Rules()

Witness = Callable[[Call, float], None]


class Frame:
    """The outermost layer: what holds for every request holds here, unknown routes included."""

    def __init__(
        self, app: ASGIApp, *, settings: HttpSettings, reception: Reception, witness: Witness
    ) -> None:
        """Stand around `app`; `witness` is told of each answered call and its seconds."""
        self._app = app
        self._reception = reception
        self._witness = witness
        self._proxies = settings.trusted_proxies
        self._base = urlsplit(settings.public_url).path.rstrip("/")
        self._hosts = Hosts(settings)
        self._browsers = Browsers(settings)
        self._origins = Origins(settings.cors_origins)
        self._protection = Protection(is_secure=settings.is_secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP or has_call(scope):
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        entropy = self._reception.opened.entropy
        new_id = entropy.bytes(_ID_BYTES).hex()
        call = Call(scope, receive, new_id, self._proxies, self._base)
        call.browsers = self._browsers
        put_call(scope, call)
        outlet = _Outlet(call, send, self._protection, self._origins)
        if b"traceparent" in call.headers:
            outlet.trace = call.continue_trace(entropy.bytes(_SPAN_BYTES).hex())
        try:
            await self._serve(scope, call, outlet)
        finally:
            self._witness(call, perf_counter() - began)

    async def _serve(self, scope: Scope, call: Call, outlet: "_Outlet") -> None:
        try:
            self._refuse(call)
            preflight = self._origins.preflight(call)
            if preflight is not None:
                await outlet.answer(preflight)
            elif call.method == "HEAD":
                cast("dict[str, Any]", scope)["method"] = "GET"
                outlet.is_bodyless = True
                await self._app(scope, call.receive, outlet.send)
            else:
                await self._app(scope, call.receive, outlet.send)
        except Exception as error:
            refusal = read(error, call)
            if call.status:
                # The answer has begun, so its connection must break: half of it looks like none.
                raise
            await outlet.answer(render(refusal, call))

    def _refuse(self, call: Call) -> None:
        size = sum(len(name) + len(value) for name, value in call.raw_headers)
        if len(call.raw_headers) > _MOST_HEADERS or size > _LARGEST_HEADERS:
            raise HeadersTooLarge
        if not self._hosts.allows(call):
            raise HostNotAllowed


class _Outlet:
    """Sends an answer on, with what every answer must have."""

    __slots__ = ("_call", "_held", "_origins", "_protection", "_send", "is_bodyless", "trace")

    def __init__(self, call: Call, send: Send, protection: Protection, origins: Origins) -> None:
        self._call = call
        self._send = send
        self._protection = protection
        self._origins = origins
        self._held: tuple[HTTPResponseStartEvent, Coding] | None = None
        self.is_bodyless = False
        self.trace: bytes | None = None

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        headers = [
            (name.lower().encode(), value.encode()) for name, value in answer.headers.items()
        ]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        if answer.body:
            headers.append((b"content-type", answer.media_type.encode()))
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await self.send(cast("Message", start))
        await self.send({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def send(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body":
            await self._body(cast("dict[str, Any]", message))
        else:
            await self._send(message)

    async def _start(self, start: HTTPResponseStartEvent) -> None:
        call = self._call
        call.status = start["status"]
        rules = call.rules or _DEFAULT_RULES
        headers: Headers = [*start["headers"], *self._protection.of(rules)]
        headers.append((b"x-request-id", call.request_id.encode()))
        headers += rate_headers(call)
        if self.trace is not None:
            headers.append((b"traceresponse", self.trace))
        if self._origins:
            headers += self._origins.headers_for(call)
        start["headers"] = headers
        accepted = call.headers.get(b"accept-encoding")
        if (accepted is not None or rules.is_cacheable) and may_shrink(rules, headers):
            headers.append((b"vary", b"Accept-Encoding"))
            coding = coding_of(accepted or b"")
            if coding is not None and not self.is_bodyless:
                self._held = start, coding
                return
        await self._send(start)

    async def _body(self, message: dict[str, Any]) -> None:
        if self._held is not None:
            start, coding = self._held
            self._held = None
            if not message.get("more_body", False):
                message["body"] = await shrink(message["body"], coding, start)
            await self._send(start)
        if self.is_bodyless:
            message["body"] = b""
        await self._send(cast("Message", message))
