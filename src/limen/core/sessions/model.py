"""A session: one sign-in on one device, until it ends or runs out."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from limen.core.ids import SessionId, UserId
from limen.core.states import SessionState, state_of

LONGEST_LABEL: Final = 100
LONGEST_USER_AGENT: Final = 400
# For how long a proof of who somebody is allows what could take the account from its owner.
FRESH: Final = timedelta(minutes=10)
# As many as `Sessions.list_live` returns.
MOST_LISTED: Final = 200


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason
    SUSPENDED = "suspended"
    DELETED = "deleted"
    REFRESH_REUSED = "refresh_reused"
    EMAIL_CHANGED = "email_changed"
    TAKEN_OVER = "taken_over"
    FACTOR_CHANGED = "factor_changed"
    REPLACED = "replaced"
    REMEMBERED_REUSED = "remembered_reused"
    FACTOR_REQUIRED = "factor_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long sessions last: without use (`idle`), and at the very most (`absolute`).

    Whoever wants it is `remembered` for so long after they signed in.
    """

    idle: timedelta = timedelta(days=14)
    absolute: timedelta = timedelta(days=90)
    remembered: timedelta = timedelta(days=30)
    use_resolution: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in of one user. It is over at `idle_expires_at`, `expires_at` or `ended_at`.

    `methods` are the authentication methods used (RFC 8176), and `authenticated_at` tells when the
    user last proved who they are; `last_used_at` is coarse.
    """

    id: SessionId
    user_id: UserId
    label: str = ""
    address: str | None = None
    user_agent: str | None = None
    methods: tuple[str, ...] = ("pwd",)
    authenticated_at: datetime
    created_at: datetime
    last_used_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    @property
    def state(self) -> SessionState:
        """What the session is good for."""
        return state_of(self.methods)

    def is_live(self, now: datetime) -> bool:
        """Tell whether the session still counts."""
        return self.ended_at is None and now < self.idle_expires_at and now < self.expires_at

    def seconds_left(self, now: datetime) -> int:
        """Tell for how many whole seconds the session lives if it is not used again."""
        return int((min(self.idle_expires_at, self.expires_at) - now).total_seconds())

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the proof of who the user is was given lately, in this session."""
        return self.state is SessionState.FULL and now < self.authenticated_at + FRESH

    def proved(self, methods: tuple[str, ...], now: datetime) -> "Session":
        """Return the session after its user proved themselves again, by `methods`."""
        return replace(self, methods=methods, authenticated_at=now)

    def used(self, now: datetime, policy: SessionPolicy) -> "Session":
        """Push the idle end on, never past the absolute one."""
        return replace(
            self, last_used_at=now, idle_expires_at=min(now + policy.idle, self.expires_at)
        )


def begin_session(
    session_id: SessionId,
    user_id: UserId,
    policy: SessionPolicy,
    now: datetime,
    *,
    label: str = "",
    address: str | None = None,
    user_agent: str | None = None,
    methods: tuple[str, ...] = ("pwd",),
    authenticated_at: datetime | None = None,
) -> Session:
    """Make the session of a sign-in; texts from outside are cut to their longest length.

    Unless `authenticated_at` says otherwise, its user proved who they are just now.
    """
    absolute = now + policy.absolute
    return Session(
        id=session_id,
        user_id=user_id,
        label=_printable(label)[:LONGEST_LABEL],
        address=address,
        user_agent=None if user_agent is None else _printable(user_agent)[:LONGEST_USER_AGENT],
        methods=methods,
        authenticated_at=authenticated_at or now,
        created_at=now,
        last_used_at=now,
        idle_expires_at=min(now + policy.idle, absolute),
        expires_at=absolute,
    )


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


@dataclass(frozen=True, slots=True)
class Ending:
    """The fact that a session ended, kept for as long as its access tokens could still live."""

    session_id: SessionId
    ended_at: datetime
