"""A partial session: its user proved one factor, and has to show a second one.

Its token is `limen_ps_` and the base64url form of its id (16 bytes) and a secret (32). It is no
access token: whoever holds it can finish the sign-in or stop it, and nothing else.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import PartialSessionInvalid
from limen.core.ids import PartialSessionId, UserId
from limen.core.secret import Secret

LIFETIME: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
PREFIX: Final = "limen_ps_"
SECRET_BYTES: Final = 32
_ID_BYTES: Final = 16
_ENCODED: Final = (_ID_BYTES + SECRET_BYTES) * 4 // 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialSession:
    """A sign-in that waits for its second factor, until `expires_at`; it is finished once.

    `methods` are those proved so far (RFC 8176); `label` becomes the session's. `digest` is the
    SHA-256 of the token's secret, `tries` how many codes were shown.
    """

    id: PartialSessionId
    user_id: UserId
    digest: bytes
    methods: tuple[str, ...]
    label: str = ""
    created_at: datetime
    expires_at: datetime
    tries: int = 0

    def is_live(self, now: datetime) -> bool:
        """Tell whether it can still be finished."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedPartial:
    """The token of a partial session as it came in, well-formed but not yet believed."""

    id: PartialSessionId
    digest: bytes

    def is_of(self, partial: PartialSession) -> bool:
        """Tell whether it is the token of this partial session."""
        return hmac.compare_digest(self.digest, partial.digest)


def write_token(partial_id: PartialSessionId, secret: bytes) -> Secret[str]:
    """Return the token of a partial session."""
    return Secret(PREFIX + write_base64url(partial_id.bytes + secret))


def read_token(token: Secret[str]) -> PresentedPartial:
    """Take a token apart; raise `PartialSessionInvalid` if it has not the form of one."""
    text = token.reveal()
    body = text.removeprefix(PREFIX)
    if body == text or len(body) != _ENCODED:
        raise PartialSessionInvalid
    try:
        raw = read_base64url(body)
    except ValueError:
        raise PartialSessionInvalid from None
    return PresentedPartial(
        id=PartialSessionId(UUID(bytes=raw[:_ID_BYTES])), digest=digest_of(raw[_ID_BYTES:])
    )


def digest_of(secret: bytes) -> bytes:
    """Return the digest under which the secret of a token is stored."""
    return hashlib.sha256(secret).digest()
