"""Who asks: the bearer token of a request (RFC 6750 section 2.1), which may be an API key."""

import re
from typing import Final

from limen.core.api_keys.form import is_key
from limen.core.errors import NotByKey, NotSignedIn, TokenInvalid
from limen.entrypoints.http.call import Call
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.http.services import Services

_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


async def authenticate(call: Call, rules: Rules, services: Services) -> None:
    """Tell the call what the token or the key says.

    Raises `NotSignedIn` where there is none, `TokenInvalid` also for a header that is malformed or
    came twice (a proxy's `auth_request` knows no other status than 401), `NotByKey` for a key where
    only people may come, and all that `TokenService.authenticate` and `ApiKeyService.authenticate`
    do.
    """
    token = _token(call)
    if not is_key(token):
        call.claims = await services.tokens.authenticate(token)
        return
    call.key = await services.api_keys.authenticate(token, actor=call.actor)
    if not rules.is_open_to_keys:
        raise NotByKey


def _token(call: Call) -> str:
    value = call.headers.get(b"authorization")
    if value is None or value[:6].lower() != b"bearer":
        raise NotSignedIn
    match = _BEARER.fullmatch(value)
    if match is None or call.count(b"authorization") != 1:
        raise TokenInvalid
    return match[1].decode()
