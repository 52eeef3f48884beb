"""Refresh families: one per session, a token a generation, every token used once.

A refresh token is `limen_rt_` and the base64url form of session id (16 bytes), generation (4) and
tag (32). The tag is derived from the family's seed and the server's key, so that within the grace
the same successor can be given again without ever having been stored: the store alone yields no
token, and neither does the key alone.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import RefreshTokenInvalid, RefreshTokenReused
from limen.core.ids import SessionId
from limen.core.secret import Secret

PREFIX: Final = "limen_rt_"
_BODY: Final = struct.Struct(">16sI32s")
_ENCODED: Final = -(-_BODY.size * 4 // 3)
_LAST_GENERATION: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFamily:
    """The line of refresh tokens of one session: which generation is the living one.

    `digest` is the SHA-256 of the living token, `previous_digest` of the one before it.
    """

    session_id: SessionId
    seed: Secret[bytes]
    generation: int = 1
    digest: bytes
    previous_digest: bytes | None = None
    rotated_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedToken:
    """A refresh token as it came in, well-formed but not yet believed."""

    session_id: SessionId
    generation: int
    digest: bytes
    tag: bytes


def read_token(token: Secret[str]) -> PresentedToken:
    """Take a refresh token apart; raise `RefreshTokenInvalid` if it has not the form of one."""
    text = token.reveal()
    body = text.removeprefix(PREFIX)
    if body == text or len(body) != _ENCODED:
        raise RefreshTokenInvalid
    try:
        raw = read_base64url(body)
    except ValueError:
        raise RefreshTokenInvalid from None
    session_id, generation, tag = _BODY.unpack(raw)
    return PresentedToken(
        session_id=SessionId(UUID(bytes=session_id)),
        generation=generation,
        digest=hashlib.sha256(raw).digest(),
        tag=tag,
    )


class RefreshTokens:
    """Makes refresh tokens and decides what one that is presented means."""

    def __init__(self, key: Secret[bytes], grace: timedelta) -> None:
        """Derive tokens with `key` (32 bytes or more, the same on all nodes)."""
        self._key = key
        self._grace = grace

    def begin(
        self, session_id: SessionId, seed: Secret[bytes], now: datetime
    ) -> tuple[RefreshFamily, Secret[str]]:
        """Return a new family and its first token."""
        raw = self._derive(session_id, seed, 1)
        family = RefreshFamily(
            session_id=session_id, seed=seed, digest=hashlib.sha256(raw).digest(), rotated_at=now
        )
        return family, _write(raw)

    def rotate(
        self, family: RefreshFamily, token: PresentedToken, now: datetime
    ) -> tuple[RefreshFamily, Secret[str]]:
        """Return the family after `token` was presented, and the token to give back.

        The family is unchanged when the grace gives the same successor again. Raises
        `RefreshTokenReused` when a token that was once good comes too late: its family must end;
        `RefreshTokenInvalid` for anything that never was a token of this family, and within the
        grace for one that a renewal has overtaken.
        """
        if family.ended_at is not None:
            raise RefreshTokenInvalid
        if hmac.compare_digest(token.digest, family.digest):
            return self._succeed(family, now)
        if self._is_previous(family, token) and now < family.rotated_at + self._grace:
            return family, self._repeat(family)
        if self._was_issued(family, token) and not self._is_overtaken(family, token, now):
            raise RefreshTokenReused
        raise RefreshTokenInvalid

    def _is_overtaken(self, family: RefreshFamily, token: PresentedToken, now: datetime) -> bool:
        """Tell whether a token without grace was the living one until a moment ago."""
        is_last = token.generation == family.generation - 1
        return is_last and now < family.rotated_at + self._grace

    def renew(self, family: RefreshFamily, now: datetime) -> tuple[RefreshFamily, Secret[str]]:
        """Return the family and its token after the session rose; no token from before counts.

        No grace gives this one away: only whoever has just proved themselves is to have it.
        """
        renewed, token = self._succeed(family, now)
        return replace(renewed, previous_digest=None), token

    def _succeed(self, family: RefreshFamily, now: datetime) -> tuple[RefreshFamily, Secret[str]]:
        if family.generation >= _LAST_GENERATION:
            raise RefreshTokenInvalid
        generation = family.generation + 1
        raw = self._derive(family.session_id, family.seed, generation)
        successor = replace(
            family,
            generation=generation,
            digest=hashlib.sha256(raw).digest(),
            previous_digest=family.digest,
            rotated_at=now,
        )
        return successor, _write(raw)

    def _repeat(self, family: RefreshFamily) -> Secret[str]:
        raw = self._derive(family.session_id, family.seed, family.generation)
        if not hmac.compare_digest(hashlib.sha256(raw).digest(), family.digest):
            # The server's key changed within the grace: the successor cannot be made again.
            raise RefreshTokenInvalid
        return _write(raw)

    def _is_previous(self, family: RefreshFamily, token: PresentedToken) -> bool:
        previous = family.previous_digest
        return previous is not None and hmac.compare_digest(token.digest, previous)

    def _was_issued(self, family: RefreshFamily, token: PresentedToken) -> bool:
        if self._is_previous(family, token):
            return True
        expected = self._tag(family.session_id, family.seed, token.generation)
        return token.generation < family.generation and hmac.compare_digest(token.tag, expected)

    def _derive(self, session_id: SessionId, seed: Secret[bytes], generation: int) -> bytes:
        return _BODY.pack(session_id.bytes, generation, self._tag(session_id, seed, generation))

    def _tag(self, session_id: SessionId, seed: Secret[bytes], generation: int) -> bytes:
        message = b"limen refresh 1\0" + session_id.bytes + struct.pack(">I", generation)
        return hmac.digest(self._key.reveal(), message + seed.reveal(), hashlib.sha256)


def _write(raw: bytes) -> Secret[str]:
    return Secret(PREFIX + write_base64url(raw))
