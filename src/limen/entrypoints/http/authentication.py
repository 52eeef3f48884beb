"""Who asks: the bearer token of a request (RFC 6750 section 2.1), which may be an API key.

Or, where no such header came, the cookie of a session.
"""

import re
from typing import Final

from limen.core.api_keys.form import is_key
from limen.core.errors import NotByKey, NotSignedIn, TokenInvalid
from limen.entrypoints.http.browsers import browsers_of
from limen.entrypoints.http.call import Call
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.http.services import Services

_CSRF: Final = b"x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


async def authenticate(call: Call, rules: Rules, services: Services) -> None:
    """Tell the call what the token, the key or the cookie says.

    A cookie writes only with its CSRF token and from a page of ours, for browsers send it by
    themselves: raises `CsrfRefused`. Proxies cannot check that, so they are told of no cookies.
    Raises `NotSignedIn` where nothing was shown, `TokenInvalid` also for a header that is malformed
    or came twice (a proxy's `auth_request` knows no other status than 401), `NotByKey` for a key
    where only people may come, and all that the services' `authenticate` do.
    """
    cookie = None if b"authorization" in call.headers else browsers_of(call).cookie_of(call)
    if cookie is not None and rules.answer is None:
        await _authenticate_cookie(call, cookie, rules, services)
        return
    token = _token(call)
    if not is_key(token):
        call.claims = await services.tokens.authenticate(token)
        return
    call.key = await services.api_keys.authenticate(token, actor=call.actor)
    if not rules.is_open_to_keys:
        raise NotByKey


def shows_who_asks(call: Call) -> bool:
    """Tell whether somebody wants to be known; a cookie alone comes along unasked."""
    return b"authorization" in call.headers or _CSRF in call.headers


async def _authenticate_cookie(call: Call, cookie: str, rules: Rules, services: Services) -> None:
    if call.method not in _SAFE:
        browsers_of(call).check_origin(call)
        services.cookie_sessions.check_csrf(cookie, call.headers.get(_CSRF, b"").decode("latin-1"))
    call.claims = await services.cookie_sessions.authenticate(
        cookie, takes_identified=rules.is_open_to_identified
    )
    call.cookie = cookie


def _token(call: Call) -> str:
    value = call.headers.get(b"authorization")
    if value is None or value[:6].lower() != b"bearer":
        raise NotSignedIn
    match = _BEARER.fullmatch(value)
    if match is None or call.count(b"authorization") != 1:
        raise TokenInvalid
    return match[1].decode()
