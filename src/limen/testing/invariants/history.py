"""Users, sessions, roles and keys as events tell them, and the stories that cannot be."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from limen.core.ids import SessionId, UserId
from limen.core.roles.model import ADMIN
from limen.core.users.model import Status
from limen.ports.outbox import StoredEvent


@dataclass(slots=True)
class ToldSession:
    """A session as the events tell it."""

    user_id: UserId
    generation: int = 1
    is_ended: bool = False


@dataclass(slots=True)
class ToldUser:
    """An account as the events tell it; `status` is `None` where nothing was told of it."""

    is_there: bool = True
    version: int = 1
    status: Status | None = None
    has_password: bool | None = None
    password_version: int = 0
    roles: dict[str, datetime | None] = field(default_factory=dict)
    has_app: bool = False
    codes: int = 0
    passkeys: set[str] = field(default_factory=set)
    has_owner: bool | None = None
    reset_until: datetime | None = None
    waiting: int = 0
    app_step: int = 0
    proofs_ended_at: datetime | None = None

    @property
    def is_administrator(self) -> bool:
        """Whether this is certainly an active administrator for good."""
        is_for_good = ADMIN in self.roles and self.roles[ADMIN] is None
        return is_for_good and self.status is Status.ACTIVE


@dataclass(slots=True)
class ToldKey:
    """An API key as the events tell it."""

    owner_id: UserId
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    is_ended: bool = False
    successor: str | None = None
    version: int = 1

    def holds(self, now: datetime) -> bool:
        """Tell whether it has neither ended nor run out."""
        return not self.is_ended and (self.expires_at is None or now < self.expires_at)


@dataclass(slots=True)
class ToldRole:
    """A role as the events tell it."""

    permissions: frozenset[str]
    version: int = 1


class History:
    """What all events so far tell together.

    `faults` are stories that cannot be: a change of somebody who never came or was gone.
    """

    def __init__(self, first_status: Status) -> None:
        """Begin with nothing told; who registers has `first_status`."""
        self.first_status = first_status
        self.users: dict[UserId, ToldUser] = {}
        self.sessions: dict[SessionId, ToldSession] = {}
        self.roles: dict[str, ToldRole] = {}
        self.keys: dict[str, datetime] = {}
        self.api_keys: dict[str, ToldKey] = {}
        self.finished: set[SessionId | None] = set()
        self.had_an_administrator = False
        self.faults: list[str] = []
        self._of_user: dict[UserId, list[SessionId]] = {}

    def born(self, user_id: UserId, user: ToldUser, name: str) -> None:
        """Tell of a new user."""
        if user_id in self.users:
            self.faults.append(f"{name} is told twice of {user_id}")
        self.users.setdefault(user_id, user)

    def user_of(self, event: StoredEvent) -> ToldUser:
        """Return the user an event is about, who must be there."""
        user = None if event.user_id is None else self.users.get(event.user_id)
        if user is None or not user.is_there:
            self.faults.append(f"{event.name} is told of {event.user_id}, who is not there")
            return user or ToldUser()
        return user

    def begin_session(self, event: StoredEvent) -> None:
        """Tell of a new session."""
        session_id, user_id = session_id_of(event), user_id_of(event)
        if session_id in self.sessions:
            self.faults.append(f"{event.name} is told twice of {session_id}")
        self.sessions[session_id] = ToldSession(user_id)
        self._of_user.setdefault(user_id, []).append(session_id)

    def end_sessions(self, user_id: UserId | None, keep: SessionId | None = None) -> int:
        """Tell that a user's sessions ended, and what waited with them; return how many had not."""
        ended = 0
        if user_id in self.users:
            self.users[user_id].waiting = 0
        for session in self._live_of(user_id, keep):
            session.is_ended = True
            ended += 1
        return ended

    def end_everything(self, event: StoredEvent, keep: SessionId | None = None) -> None:
        """Tell that a user's sessions ended, and all their links and codes."""
        self.end_sessions(event.user_id, keep)
        if event.user_id in self.users:
            self.users[event.user_id].proofs_ended_at = event.at

    def end_keys(self, event: StoredEvent) -> None:
        """Tell that the API keys of a user ended, those that held."""
        for key in self.api_keys.values():
            if key.owner_id == event.user_id and key.holds(event.at):
                key.is_ended = True
                key.version += 1

    def end_grants(self, role: str, now: datetime) -> None:
        """Tell that a role went, with its grants that had ended by `now`; others had to stay."""
        for user in self.users.values():
            ends_at = user.roles.get(role)
            if ends_at is not None and ends_at <= now:
                del user.roles[role]

    def session_of(self, event: StoredEvent) -> ToldSession:
        """Return the session an event is about, which must be there and not ended."""
        session = self.sessions.get(session_id_of(event))
        if session is None or session.is_ended or session.user_id != event.user_id:
            self.faults.append(f"{event.name} is told of {session_id_of(event)}, which is not live")
        return session or ToldSession(UserId(UUID(int=0)))

    def _live_of(self, user_id: UserId | None, keep: SessionId | None) -> Iterator[ToldSession]:
        for session_id in () if user_id is None else self._of_user.get(user_id, ()):
            if session_id != keep and not self.sessions[session_id].is_ended:
                yield self.sessions[session_id]


def user_id_of(event: StoredEvent) -> UserId:
    """Return the id of the user an event is about; raise `ValueError` if it names none."""
    if event.user_id is None:
        raise ValueError("it names no user")
    return event.user_id


def session_id_of(event: StoredEvent) -> SessionId:
    """Return the id of the session an event is about."""
    return SessionId(UUID(str(event.payload["session_id"])))
