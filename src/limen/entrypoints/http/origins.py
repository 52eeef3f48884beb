"""Cross-origin requests: off until origins are listed, which are matched exactly (Fetch, CORS)."""

from collections.abc import Sequence
from typing import Final

from limen.entrypoints.http.call import Call, Headers
from limen.entrypoints.http.errors import Answer
from limen.entrypoints.http.media import JSON

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKED: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-CSRF-Token, "
    "X-Request-ID"
)
_TOLD: Final = (
    "ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, "
    "WWW-Authenticate, X-Request-ID"
)
_MAX_AGE: Final = "600"
_VARY: Final = (b"vary", b"Origin")


class Origins:
    """The origins whose scripts may read answers, and send cookies along."""

    def __init__(self, listed: Sequence[str]) -> None:
        """Allow exactly those listed."""
        self._listed = frozenset(origin.encode() for origin in listed)

    def __bool__(self) -> bool:
        return bool(self._listed)

    def preflight(self, call: Call) -> Answer | None:
        """Return the answer to a preflight of a listed origin; `None` for any other request."""
        if not self._listed or call.method != "OPTIONS":
            return None
        if b"access-control-request-method" not in call.headers or not self._is_listed(call):
            return None
        headers = {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _ASKED,
            "Access-Control-Max-Age": _MAX_AGE,
        }
        return Answer(status=204, headers=headers, media_type=JSON, body=b"")

    def headers_for(self, call: Call) -> Headers:
        """Return what lets the caller's origin read the answer, if it is listed."""
        if not self._is_listed(call):
            return [_VARY]
        return [
            _VARY,
            (b"access-control-allow-origin", call.headers[b"origin"]),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", _TOLD.encode()),
        ]

    def _is_listed(self, call: Call) -> bool:
        return call.headers.get(b"origin") in self._listed
