"""Making the two tokens of a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from limen.core.ambient import Ambient
from limen.core.ids import SessionId
from limen.core.keys.ring import KeyRing
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.tokens.family import PresentedToken, RefreshFamily, RefreshTokens
from limen.core.tokens.model import TOKEN_TYPE, AccessClaims, TokenPolicy
from limen.core.users.model import User
from limen.ports.token_signer import TokenSigner

_SEED_BYTES: Final = 16
_ALMOST_A_SECOND: Final = timedelta(microseconds=999_999)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """What a sign-in or a refresh gives: two tokens, how many seconds each lives, and for whom."""

    access_token: Secret[str]
    expires_in: int
    refresh_token: Secret[str]
    refresh_expires_in: int
    session_id: SessionId
    user: User


class TokenIssuer:
    """Writes access tokens and leads refresh families on."""

    def __init__(
        self,
        *,
        ring: KeyRing,
        signer: TokenSigner,
        refresh_tokens: RefreshTokens,
        ambient: Ambient,
        policy: TokenPolicy,
    ) -> None:
        self._ring = ring
        self._signer = signer
        self._refresh_tokens = refresh_tokens
        self._ambient = ambient
        self._policy = policy

    def seed(self) -> Secret[bytes]:
        """Return what a new family derives its secrets from, beside the server's key."""
        return Secret(self._ambient.entropy.bytes(_SEED_BYTES))

    def begin(
        self, session_id: SessionId, seed: Secret[bytes], now: datetime
    ) -> tuple[RefreshFamily, Secret[str]]:
        """Return the refresh family of a new session, and its first token."""
        return self._refresh_tokens.begin(session_id, seed, now)

    def rotate(
        self, family: RefreshFamily, token: PresentedToken, now: datetime
    ) -> tuple[RefreshFamily, Secret[str]]:
        """See `RefreshTokens.rotate`."""
        return self._refresh_tokens.rotate(family, token, now)

    def renew(self, family: RefreshFamily, now: datetime) -> tuple[RefreshFamily, Secret[str]]:
        """See `RefreshTokens.renew`."""
        return self._refresh_tokens.renew(family, now)

    async def issue(
        self,
        *,
        user: User,
        session: Session,
        roles: tuple[str, ...],
        refresh_token: Secret[str],
        now: datetime,
    ) -> IssuedTokens:
        """Return both tokens; an access token never outlives its session."""
        access_token, expires_in = await self.issue_access(
            user=user, session=session, roles=roles, now=now
        )
        return IssuedTokens(
            access_token=access_token,
            expires_in=expires_in,
            refresh_token=refresh_token,
            refresh_expires_in=session.seconds_left(now),
            session_id=session.id,
            user=user,
        )

    async def issue_access(
        self, *, user: User, session: Session, roles: tuple[str, ...], now: datetime
    ) -> tuple[Secret[str], int]:
        """Return an access token, and how many seconds it lives."""
        expires_at = self._end_of_access(session, now)
        claims = AccessClaims(
            user_id=user.id,
            session_id=session.id,
            token_id=self._ambient.ids.new(),
            roles=roles,
            methods=session.methods,
            authenticated_at=session.authenticated_at,
            issued_at=now,
            expires_at=expires_at,
        )
        key = await self._ring.signing()
        access_token = self._signer.sign(
            claims.write(self._policy),
            key_id=key.id,
            algorithm=key.algorithm,
            private=key.private,
            token_type=TOKEN_TYPE,
        )
        return access_token, max(int((expires_at - now).total_seconds()), 0)

    def _end_of_access(self, session: Session, now: datetime) -> datetime:
        """Return the end in whole seconds, as a JWT tells it: a life up, a session's end down."""
        life = now + self._policy.access_lifetime + _ALMOST_A_SECOND
        return min(life, session.expires_at).replace(microsecond=0)
