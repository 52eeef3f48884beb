"""Access tokens and refresh families: what they say and when they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from limen.core.errors import TokenExpired, TokenInvalid
from limen.core.ids import SessionId, UserId
from limen.core.states import SessionState, state_of

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type
LONGEST_TOKEN: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """Who issues tokens for whom, how long they live, and how generous refreshing is.

    `grace` is how long after a rotation the same successor comes back; `leeway` is how far the
    clocks of two nodes may lie apart.
    """

    issuer: str
    audience: str
    access_lifetime: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(seconds=10)
    leeway: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What an access token says (RFC 9068 section 2.2). Instants have whole seconds."""

    user_id: UserId
    session_id: SessionId
    token_id: UUID
    roles: tuple[str, ...]
    methods: tuple[str, ...]
    authenticated_at: datetime
    issued_at: datetime
    expires_at: datetime

    @property
    def state(self) -> SessionState:
        """What the session is good for."""
        return state_of(self.methods)

    @property
    def level(self) -> str:
        """How much was proved (`acr`): `0` for nothing, `1` for one factor, `2` for several."""
        if self.state is not SessionState.FULL:
            return "0"
        return "2" if "mfa" in self.methods else "1"

    def write(self, policy: TokenPolicy) -> dict[str, object]:
        """Return the claims as a JWT carries them."""
        return {
            "iss": policy.issuer,
            "aud": policy.audience,
            "sub": str(self.user_id),
            "client_id": policy.audience,
            "sid": str(self.session_id),
            "jti": str(self.token_id),
            "roles": list(self.roles),
            "amr": list(self.methods),
            "acr": self.level,
            "auth_time": int(self.authenticated_at.timestamp()),
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
        }

    @classmethod
    def read(
        cls, claims: Mapping[str, object], policy: TokenPolicy, now: datetime
    ) -> "AccessClaims":
        """Check every claim (RFC 8725 section 3); raise `TokenInvalid` or `TokenExpired`."""
        if claims.get("iss") != policy.issuer or claims.get("aud") != policy.audience:
            raise TokenInvalid
        try:
            read = cls(
                user_id=UserId(UUID(_text(claims["sub"]))),
                session_id=SessionId(UUID(_text(claims["sid"]))),
                token_id=UUID(_text(claims["jti"])),
                roles=_texts(claims["roles"]),
                methods=_texts(claims["amr"]),
                authenticated_at=_instant(claims["auth_time"]),
                issued_at=_instant(claims["iat"]),
                expires_at=_instant(claims["exp"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            raise TokenInvalid from None
        read.check_time(policy, now)
        return read

    def check_time(self, policy: TokenPolicy, now: datetime) -> None:
        """Raise `TokenExpired` after the end, `TokenInvalid` before the beginning."""
        if now >= self.expires_at:
            raise TokenExpired
        if now < self.issued_at - policy.leeway:
            raise TokenInvalid


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(item) for item in value)


def _instant(value: object) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return datetime.fromtimestamp(value, tz=UTC)
