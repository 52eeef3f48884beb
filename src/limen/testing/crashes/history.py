"""What the events say there must be: the outbox told from its beginning.

Events of one user, and of one role, are told in the order of their ids. Several processes may
write, as long as each such change waits for the one before it, as limen's own do.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from limen.core.ids import SessionId, UserId
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
    roles: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ToldRole:
    """A role as the events tell it."""

    permissions: frozenset[str]
    version: int = 1


class History:
    """Users, sessions, roles and keys, as all events together tell them.

    `faults` are stories that cannot be: a change of somebody who never came or was gone.
    """

    def __init__(self, events: Iterable[StoredEvent]) -> None:
        """Tell `events`, oldest first."""
        self.users: dict[UserId, ToldUser] = {}
        self.sessions: dict[SessionId, ToldSession] = {}
        self.roles: dict[str, ToldRole] = {}
        self.keys: Counter[str] = Counter()
        self.faults: list[str] = []
        self._of_user: dict[UserId, list[SessionId]] = {}
        for event in events:
            tell = _TELLERS.get(event.name)
            if tell is not None:
                tell(self, event)

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

    def begin_session(self, session_id: SessionId, user_id: UserId) -> None:
        """Tell of a new session."""
        self.sessions[session_id] = ToldSession(user_id)
        self._of_user.setdefault(user_id, []).append(session_id)

    def end_sessions(self, user_id: UserId | None, keep: SessionId | None = None) -> None:
        """Tell that a user's sessions ended."""
        for session_id in () if user_id is None else self._of_user.get(user_id, ()):
            if session_id != keep:
                self.sessions[session_id].is_ended = True

    def session_of(self, event: StoredEvent) -> ToldSession:
        """Return the session an event is about, which must be there and not ended."""
        session = self.sessions.get(_session_id(event))
        if session is None or session.is_ended or session.user_id != event.user_id:
            self.faults.append(f"{event.name} is told of {_session_id(event)}, which is not live")
        return session or ToldSession(UserId(UUID(int=0)))


def _session_id(event: StoredEvent) -> SessionId:
    return SessionId(UUID(str(event.payload["session_id"])))


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _registered(told: History, event: StoredEvent) -> None:
    if event.user_id is not None:
        told.born(event.user_id, ToldUser(has_password=True, password_version=1), event.name)


def _created(told: History, event: StoredEvent) -> None:
    if event.user_id is not None:
        told.born(event.user_id, ToldUser(), event.name)


def _imported(told: History, event: StoredEvent) -> None:
    for text in _texts(event.payload["user_ids"]):
        told.born(UserId(UUID(text)), ToldUser(), event.name)


def _updated(told: History, event: StoredEvent) -> None:
    told.user_of(event).version += 1


def _suspended(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.status = Status.SUSPENDED
    told.end_sessions(event.user_id)


def _reactivated(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.status = Status.ACTIVE


def _deleted(told: History, event: StoredEvent) -> None:
    told.user_of(event).is_there = False
    told.end_sessions(event.user_id)


def _password_set(told: History, event: StoredEvent) -> None:
    told.user_of(event).password_version += 1
    told.end_sessions(event.user_id)


def _password_changed(told: History, event: StoredEvent) -> None:
    told.user_of(event).password_version += 1
    told.end_sessions(event.user_id, keep=event.actor.session_id)


def _password_upgraded(told: History, event: StoredEvent) -> None:
    told.user_of(event).password_version += 1


def _signed_in(told: History, event: StoredEvent) -> None:
    told.user_of(event)
    if _session_id(event) in told.sessions:
        told.faults.append(f"{event.name} is told twice of {_session_id(event)}")
    if event.user_id is not None:
        told.begin_session(_session_id(event), event.user_id)


def _session_revoked(told: History, event: StoredEvent) -> None:
    told.session_of(event).is_ended = True


def _sessions_revoked(told: History, event: StoredEvent) -> None:
    told.user_of(event)
    kept = event.payload["kept"]
    told.end_sessions(event.user_id, keep=None if kept is None else SessionId(UUID(str(kept))))


def _refreshed(told: History, event: StoredEvent) -> None:
    session = told.session_of(event)
    session.generation += 1
    if session.generation != event.payload["generation"]:
        told.faults.append(
            f"{event.name} tells generation {event.payload['generation']} of "
            f"{_session_id(event)}, where {session.generation} is next"
        )


def _role_put(told: History, event: StoredEvent) -> None:
    name, permissions = str(event.payload["role"]), frozenset(_texts(event.payload["permissions"]))
    before = told.roles.get(name)
    told.roles[name] = ToldRole(permissions, 1 if before is None else before.version + 1)


def _role_deleted(told: History, event: StoredEvent) -> None:
    if told.roles.pop(str(event.payload["role"]), None) is None:
        told.faults.append(f"{event.name} is told of {event.payload['role']}, which is not there")


def _granted(told: History, event: StoredEvent) -> None:
    told.user_of(event).roles.add(str(event.payload["role"]))


def _withdrawn(told: History, event: StoredEvent) -> None:
    user, role = told.user_of(event), str(event.payload["role"])
    if role not in user.roles:
        told.faults.append(f"{event.name} is told of {role}, which {event.user_id} did not have")
    user.roles.discard(role)


def _key_added(told: History, event: StoredEvent) -> None:
    told.keys[str(event.payload["key_id"])] += 1


_TELLERS: Final[Mapping[str, Callable[[History, StoredEvent], Any]]] = {
    "user.registered": _registered,
    "user.created": _created,
    "user.imported": _imported,
    "user.updated": _updated,
    "user.suspended": _suspended,
    "user.reactivated": _reactivated,
    "user.deleted": _deleted,
    "password.set": _password_set,
    "password.changed": _password_changed,
    "password.hash_upgraded": _password_upgraded,
    "signin.succeeded": _signed_in,
    "session.revoked": _session_revoked,
    "session.all_revoked": _sessions_revoked,
    "token.refreshed": _refreshed,
    "token.reuse_detected": _session_revoked,
    "role.created": _role_put,
    "role.replaced": _role_put,
    "role.deleted": _role_deleted,
    "role.granted": _granted,
    "role.withdrawn": _withdrawn,
    "key.added": _key_added,
}
