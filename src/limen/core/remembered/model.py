"""What remembers a browser after its session is over: a credential of its own, used once.

It is `limen_rm_` and the base64url form of its id (16 bytes), a series (32) and a secret (32). The
series stays and the secret changes with each use, so whoever shows the right series with a secret
that was used has a copy: the owner, or a thief. The store has the digests of both.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import RememberedInvalid
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.secret import Secret

PREFIX: Final = "limen_rm_"
SECRET_BYTES: Final = 32
# How many browsers of one user are remembered; the one that was used longest ago gives way.
MOST: Final = 20
# As many as `RememberedBrowsers.list` returns.
MOST_LISTED: Final = 200
# Two tabs that wake up together are no theft: the second is refused, and nothing ends.
GRACE: Final = timedelta(seconds=10)
_ID_BYTES: Final = 16
_BYTES: Final = _ID_BYTES + 2 * SECRET_BYTES
_ENCODED: Final = -(-_BYTES * 4 // 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A browser that is remembered until `expires_at`.

    `session_id` is the session it began last, or that began with it; `authenticated_at` is when its
    user proved who they are. `previous_digest` is that of the secret used last.
    """

    id: RememberedId
    user_id: UserId
    session_id: SessionId
    series_digest: bytes
    digest: bytes
    previous_digest: bytes | None = None
    label: str = ""
    address: str | None = None
    user_agent: str | None = None
    authenticated_at: datetime
    created_at: datetime
    used_at: datetime
    expires_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Tell whether the browser is still remembered."""
        return now < self.expires_at

    def renewed(self, secret: bytes, session_id: SessionId, now: datetime) -> "Remembered":
        """Return it as it is once it has begun a session, with the next secret."""
        return replace(
            self,
            session_id=session_id,
            digest=digest_of(secret),
            previous_digest=self.digest,
            used_at=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedRemembered:
    """A credential as it came in, well-formed but not yet believed."""

    id: RememberedId
    series: Secret[bytes]
    digest: bytes

    def is_of(self, remembered: Remembered) -> bool:
        """Tell whether it belongs to this browser, used or not."""
        shown = digest_of(self.series.reveal())
        return hmac.compare_digest(shown, remembered.series_digest)

    def is_living(self, remembered: Remembered) -> bool:
        """Tell whether it is the one that was not used yet."""
        return hmac.compare_digest(self.digest, remembered.digest)

    def was_just_used(self, remembered: Remembered, now: datetime) -> bool:
        """Tell whether it is the one used last, and that a moment ago."""
        previous = remembered.previous_digest
        is_previous = previous is not None and hmac.compare_digest(self.digest, previous)
        return is_previous and now < remembered.used_at + GRACE


def write_credential(remembered_id: RememberedId, series: bytes, secret: bytes) -> Secret[str]:
    """Return the credential that a browser keeps."""
    return Secret(PREFIX + write_base64url(remembered_id.bytes + series + secret))


def read_credential(credential: Secret[str]) -> PresentedRemembered:
    """Take a credential apart; raise `RememberedInvalid` if it has not the form of one."""
    text = credential.reveal()
    body = text.removeprefix(PREFIX)
    if body == text or len(body) != _ENCODED:
        raise RememberedInvalid
    try:
        raw = read_base64url(body)
    except ValueError:
        raise RememberedInvalid from None
    series_end = _ID_BYTES + SECRET_BYTES
    return PresentedRemembered(
        id=RememberedId(UUID(bytes=raw[:_ID_BYTES])),
        series=Secret(raw[_ID_BYTES:series_end]),
        digest=digest_of(raw[series_end:]),
    )


def digest_of(secret: bytes) -> bytes:
    """Return the digest under which a series or a secret is stored."""
    return hashlib.sha256(b"limen remembered 1\0" + secret).digest()
