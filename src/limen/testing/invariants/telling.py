"""Telling events from the beginning: what each of them adds to the history.

Events of one user, and of one role, are told in the order of their ids. Several processes may
write, as long as each such change waits for the one before it, as limen's own do.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from limen.core.ids import SessionId, UserId
from limen.core.users.model import Status
from limen.ports.outbox import StoredEvent
from limen.testing.invariants import telling_keys, telling_levels
from limen.testing.invariants.history import (
    History,
    ToldRole,
    ToldUser,
    session_id_of,
    user_id_of,
)
from limen.testing.invariants.telling_levels import finished, finishes, step_used


def tell(events: Iterable[StoredEvent], first_status: Status) -> History:
    """Return what `events`, oldest first, tell together; who registers has `first_status`."""
    told = History(first_status)
    for event in events:
        teller = _TELLERS.get(event.name)
        if teller is None:
            continue
        try:
            teller(told, event)
        except (KeyError, TypeError, ValueError) as error:
            told.faults.append(f"{event.name} ({event.id}) cannot be told: {error!r}")
    return told


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _registered(told: History, event: StoredEvent) -> None:
    user = ToldUser(
        status=told.first_status, has_password=True, password_version=1, has_owner=False
    )
    told.born(user_id_of(event), user, event.name)


def _created(told: History, event: StoredEvent) -> None:
    told.born(user_id_of(event), ToldUser(), event.name)


def _imported(told: History, event: StoredEvent) -> None:
    for text in _texts(event.payload["user_ids"]):
        told.born(UserId(UUID(text)), ToldUser(), event.name)


def _updated(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    if "email" in _texts(event.payload["changed"]) and not user.has_owner:
        # Whoever has something to come in by keeps the account; of others not enough is told.
        is_used = user.password_version > 0 or user.has_app or user.passkeys
        user.has_owner = True if is_used else None


def _suspended(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.status = Status.SUSPENDED
    told.end_everything(event)


def _reactivated(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.status = Status.ACTIVE
    told.had_an_administrator |= user.is_administrator


def _deleted(told: History, event: StoredEvent) -> None:
    told.user_of(event).is_there = False
    told.end_sessions(event.user_id)


def _password_set(told: History, event: StoredEvent) -> None:
    told.user_of(event).password_version += 1
    told.end_everything(event)


def _password_changed(told: History, event: StoredEvent) -> None:
    told.user_of(event).password_version += 1
    told.end_everything(event, keep=event.actor.session_id)


def _password_upgraded(told: History, event: StoredEvent) -> None:
    told.user_of(event).password_version += 1


def _password_reset_required(told: History, event: StoredEvent) -> None:
    if event.payload["had_password"]:
        told.user_of(event).password_version += 1
    told.end_everything(event)


def _email_verified(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.has_owner = True
    if user.status is Status.PENDING:
        user.status = Status.ACTIVE


def _taken_over(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.has_password, user.password_version = False, 0
    user.has_app, user.codes, user.passkeys = False, 0, set()
    told.end_everything(event)
    told.end_keys(event)


def _email_changed(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.has_owner = True
    _others_ended(told, event)


def _email_set(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    if user.has_password or user.has_app or user.passkeys:
        user.has_owner = True
    elif not user.has_owner:
        user.has_owner = None if user.has_password is None else False
    _others_ended(told, event)


def _others_ended(told: History, event: StoredEvent) -> None:
    session_id = event.actor.session_id if event.actor.user_id == event.user_id else None
    if session_id is not None and session_id not in told.sessions:
        finishes(told, event)
    told.end_everything(event, keep=session_id)


def _enrolled(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.has_app, user.app_step = True, 0
    step_used(told, event)
    _others_ended(told, event)


def _unenrolled(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    if not user.has_app:
        told.faults.append(f"{event.name} is told of {event.user_id}, who had no app")
    user.has_app, user.codes = False, 0
    _others_ended(told, event)


def _factors_reset(told: History, event: StoredEvent) -> None:
    user, taken = told.user_of(event), _texts(event.payload["factors"])
    had = [("totp", user.has_app), ("recovery_code", user.codes > 0), ("passkey", user.passkeys)]
    if taken != [factor for factor, is_there in had if is_there]:
        told.faults.append(f"{event.name} tells of {taken} of {event.user_id}, who had {had}")
    user.has_app, user.codes, user.passkeys = False, 0, set()
    _others_ended(told, event)


def _reset_requested(told: History, event: StoredEvent) -> None:
    told.user_of(event).reset_until = _instant(event.payload["until"])


def _reset_used(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    if user.reset_until is None or user.reset_until <= event.at:
        told.faults.append(f"{event.name} is told of {event.user_id}, for whom no reset waited")
    user.reset_until = None


def _passkey_enrolled(told: History, event: StoredEvent) -> None:
    told.user_of(event).passkeys.add(str(event.payload["passkey_id"]))


def _passkey_removed(told: History, event: StoredEvent) -> None:
    passkeys, removed = told.user_of(event).passkeys, str(event.payload["passkey_id"])
    if removed not in passkeys:
        told.faults.append(f"{event.name} is told of {event.user_id}, who had no {removed}")
    passkeys.discard(removed)
    _others_ended(told, event)


def _codes_made(told: History, event: StoredEvent) -> None:
    told.user_of(event).codes = 10
    _others_ended(told, event)


def _code_used(told: History, event: StoredEvent) -> None:
    user, left = told.user_of(event), event.payload["left"]
    if left != user.codes - 1:
        told.faults.append(
            f"{event.name} tells of {left} left to {event.user_id}, of {user.codes} before"
        )
    user.codes -= 1


def _signed_in(told: History, event: StoredEvent) -> None:
    told.user_of(event)
    told.begin_session(event)
    finished(told, event)


def _session_revoked(told: History, event: StoredEvent) -> None:
    told.session_of(event).is_ended = True


def _sessions_revoked(told: History, event: StoredEvent) -> None:
    told.user_of(event)
    kept, count = event.payload["kept"], event.payload["count"]
    keep = None if kept is None else SessionId(UUID(str(kept)))
    ended = told.end_sessions(event.user_id, keep)
    if ended != count:
        told.faults.append(
            f"{event.name} tells of {count} sessions of {event.user_id}, where {ended} were live"
        )


def _refreshed(told: History, event: StoredEvent) -> None:
    session = told.session_of(event)
    session.generation += 1
    if session.generation != event.payload["generation"]:
        told.faults.append(
            f"{event.name} tells generation {event.payload['generation']} of "
            f"{session_id_of(event)}, where {session.generation} is next"
        )


def _role_created(told: History, event: StoredEvent) -> None:
    name = str(event.payload["role"])
    if name in told.roles:
        told.faults.append(f"{event.name} is told twice of {name}")
    told.roles[name] = ToldRole(frozenset(_texts(event.payload["permissions"])))


def _role_replaced(told: History, event: StoredEvent) -> None:
    name = str(event.payload["role"])
    role = told.roles.get(name)
    if role is None:
        told.faults.append(f"{event.name} is told of {name}, which is not there")
        return
    role.permissions = frozenset(_texts(event.payload["permissions"]))
    role.version += 1


def _role_deleted(told: History, event: StoredEvent) -> None:
    name = str(event.payload["role"])
    if told.roles.pop(name, None) is None:
        told.faults.append(f"{event.name} is told of {name}, which is not there")
    told.end_grants(name, event.at)


def _granted(told: History, event: StoredEvent) -> None:
    user, ends_at = told.user_of(event), event.payload["ends_at"]
    user.roles[str(event.payload["role"])] = None if ends_at is None else _instant(ends_at)
    told.had_an_administrator |= user.is_administrator


def _withdrawn(told: History, event: StoredEvent) -> None:
    user, role = told.user_of(event), str(event.payload["role"])
    if role not in user.roles:
        told.faults.append(f"{event.name} is told of {role}, which {event.user_id} did not have")
    user.roles.pop(role, None)


def _key_added(told: History, event: StoredEvent) -> None:
    key_id = str(event.payload["key_id"])
    if key_id in told.keys:
        told.faults.append(f"{event.name} is told twice of {key_id}")
    told.keys[key_id] = _instant(event.payload["signs_from"])


def _identified(told: History, event: StoredEvent) -> None:
    for session_id in _texts(event.payload["replaced"]):
        told.sessions[SessionId(UUID(session_id))].is_ended = True
    told.begin_session(event)


def _remembered_reused(told: History, event: StoredEvent) -> None:
    for session_id in _texts(event.payload["ended"]):
        told.sessions[SessionId(UUID(session_id))].is_ended = True


_TELLERS: Final[Mapping[str, Callable[[History, StoredEvent], Any]]] = {
    "user.registered": _registered,
    "user.created": _created,
    "user.imported": _imported,
    "user.updated": _updated,
    "user.suspended": _suspended,
    "user.reactivated": _reactivated,
    "user.deleted": _deleted,
    "user.displaced": _deleted,
    "email.verified": _email_verified,
    "user.taken_over": _taken_over,
    "email.changed": _email_changed,
    "email.set": _email_set,
    "password.set": _password_set,
    "password.reset": _password_set,
    "password.reset_required": _password_reset_required,
    "session.identified": _identified,
    "remembered.reuse_detected": _remembered_reused,
    "password.changed": _password_changed,
    "password.hash_upgraded": _password_upgraded,
    "factor.enrolled": _enrolled,
    "factor.removed": _unenrolled,
    "factor.all_reset": _factors_reset,
    "factor.reset_requested": _reset_requested,
    "factor.reset_approved": _reset_used,
    "factor.reset_withdrawn": _reset_used,
    "recovery_code.all_made": _codes_made,
    "recovery_code.used": _code_used,
    "passkey.enrolled": _passkey_enrolled,
    "passkey.removed": _passkey_removed,
    "signin.succeeded": _signed_in,
    "session.revoked": _session_revoked,
    "session.all_revoked": _sessions_revoked,
    "token.refreshed": _refreshed,
    "session.cookie_set": _refreshed,
    "token.reuse_detected": _session_revoked,
    "role.created": _role_created,
    "role.replaced": _role_replaced,
    "role.deleted": _role_deleted,
    "role.granted": _granted,
    "role.withdrawn": _withdrawn,
    "key.added": _key_added,
    **telling_keys.TELLERS,
    **telling_levels.TELLERS,
}
