"""Who asks: the bearer token of a request (RFC 6750 section 2.1)."""

import re
from typing import Final

from limen.core.errors import NotSignedIn, TokenInvalid
from limen.core.tokens.model import AccessClaims
from limen.core.tokens.service import TokenService
from limen.entrypoints.http.call import Call

_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


async def authenticate(call: Call, tokens: TokenService) -> AccessClaims:
    """Return what the token says.

    Raises `NotSignedIn` where there is none, `TokenInvalid` also for a header that is malformed or
    came twice (a proxy's `auth_request` knows no other status than 401), and all that
    `TokenService.authenticate` does.
    """
    value = call.headers.get(b"authorization")
    if value is None or value[:6].lower() != b"bearer":
        raise NotSignedIn
    match = _BEARER.fullmatch(value)
    if match is None or call.count(b"authorization") != 1:
        raise TokenInvalid
    return await tokens.authenticate(match[1].decode())
