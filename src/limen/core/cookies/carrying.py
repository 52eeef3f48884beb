"""The cookie that carries a session in a browser, in place of tokens.

It is `limen_cs_` and the base64url form of session id (16 bytes), generation (4) and tag (32). It
takes the place of the refresh token in the session's family, which keeps the digest of whichever of
the two lives; the digests of both kinds differ, so that neither passes for the other. Only the
living generation is believed: a cookie that was renewed is worthless at once.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import CsrfRefused, SessionEnded
from limen.core.ids import SessionId
from limen.core.remembered.remembering import Kept
from limen.core.secret import Secret, as_secret
from limen.core.sessions.model import Session
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import User

PREFIX: Final = "limen_cs_"
_BODY: Final = struct.Struct(">16sI32s")
_ENCODED: Final = -(-_BODY.size * 4 // 3)
_LAST_GENERATION: Final = 2**31 - 1
_COOKIE: Final = b"limen cookie 1\0"
_CSRF: Final = b"limen csrf 1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieSession:
    """A session that a browser carries: the secret of its cookie, and the token of its writes.

    The cookie lives `expires_in` seconds at most. `device` is the mark that the browser keeps, too,
    and `kept` what it is remembered by later, if anything.
    """

    cookie: Secret[str]
    csrf_token: Secret[str]
    expires_in: int
    session: Session
    user: User
    device: Secret[str] | None = None
    kept: Kept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedCookie:
    """A cookie as it came in, well-formed but not yet believed."""

    session_id: SessionId
    raw: Secret[bytes]

    def is_of(self, family: RefreshFamily) -> bool:
        """Tell whether it is the living cookie of this family."""
        return family.ended_at is None and hmac.compare_digest(
            _digest_of(self.raw.reveal()), family.digest
        )


def read_cookie(cookie: Secret[str] | str) -> PresentedCookie:
    """Take a cookie apart; raise `SessionEnded` if it has not the form of one."""
    text = as_secret(cookie).reveal()
    body = text.removeprefix(PREFIX)
    if body == text or len(body) != _ENCODED:
        raise SessionEnded
    try:
        raw = read_base64url(body)
    except ValueError:
        raise SessionEnded from None
    session_id, _, _ = _BODY.unpack(raw)
    return PresentedCookie(session_id=SessionId(UUID(bytes=session_id)), raw=Secret(raw))


class SessionCookies:
    """Makes the cookies of sessions, and the tokens that guard what is written by them."""

    def __init__(self, key: Secret[bytes]) -> None:
        """Derive them with `key` (32 bytes or more, the same on all nodes)."""
        self._key = key

    def begin(
        self, session_id: SessionId, seed: Secret[bytes], now: datetime
    ) -> tuple[RefreshFamily, Secret[str]]:
        """Return the family of a new session, and its first cookie."""
        raw = self._derive(session_id, seed, 1)
        family = RefreshFamily(
            session_id=session_id, seed=seed, digest=_digest_of(raw), rotated_at=now
        )
        return family, _write(raw)

    def renew(self, family: RefreshFamily, now: datetime) -> tuple[RefreshFamily, Secret[str]]:
        """Return the family one generation on, with a cookie as its living secret."""
        if family.generation >= _LAST_GENERATION:
            raise SessionEnded
        generation = family.generation + 1
        raw = self._derive(family.session_id, family.seed, generation)
        renewed = replace(
            family,
            generation=generation,
            digest=_digest_of(raw),
            previous_digest=family.digest,
            rotated_at=now,
        )
        return renewed, _write(raw)

    def carries(self, family: RefreshFamily) -> bool:
        """Tell whether a cookie is the living secret of this family."""
        raw = self._derive(family.session_id, family.seed, family.generation)
        return hmac.compare_digest(_digest_of(raw), family.digest)

    def hand_over(
        self,
        cookie: Secret[str],
        *,
        session: Session,
        user: User,
        now: datetime,
        device: Secret[str] | None = None,
        kept: Kept | None = None,
    ) -> CookieSession:
        """Return what the browser is given of a session."""
        return CookieSession(
            cookie=cookie,
            csrf_token=self.csrf_token(cookie),
            expires_in=max(int((session.expires_at - now).total_seconds()), 0),
            session=session,
            user=user,
            device=device,
            kept=kept,
        )

    def csrf_token(self, cookie: Secret[str] | str) -> Secret[str]:
        """Return the token that a request which writes by this cookie must show.

        Raises `SessionEnded` for what is no cookie.
        """
        raw = read_cookie(cookie).raw
        return Secret(write_base64url(self._mac(_CSRF + raw.reveal())))

    def check_csrf(self, cookie: Secret[str] | str, token: str) -> None:
        """Raise `CsrfRefused` unless the token is that of the cookie."""
        expected = self.csrf_token(cookie).reveal()
        if not hmac.compare_digest(expected.encode(), token.encode()):
            raise CsrfRefused

    def _derive(self, session_id: SessionId, seed: Secret[bytes], generation: int) -> bytes:
        message = _COOKIE + session_id.bytes + struct.pack(">I", generation) + seed.reveal()
        return _BODY.pack(session_id.bytes, generation, self._mac(message))

    def _mac(self, message: bytes) -> bytes:
        return hmac.digest(self._key.reveal(), message, hashlib.sha256)


def _digest_of(raw: bytes) -> bytes:
    return hashlib.sha256(_COOKIE + raw).digest()


def _write(raw: bytes) -> Secret[str]:
    return Secret(PREFIX + write_base64url(raw))
