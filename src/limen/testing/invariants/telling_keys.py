"""Telling of service accounts and API keys."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from limen.core.users.model import Status
from limen.ports.outbox import StoredEvent
from limen.testing.invariants.history import History, ToldKey, ToldUser, user_id_of


def _account_created(told: History, event: StoredEvent) -> None:
    user = ToldUser(status=Status.ACTIVE, has_password=False)
    told.born(user_id_of(event), user, event.name)


def _account_updated(told: History, event: StoredEvent) -> None:
    told.user_of(event).version += 1


def _account_suspended(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.status = Status.SUSPENDED


def _account_reactivated(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    user.version += 1
    user.status = Status.ACTIVE


def _account_deleted(told: History, event: StoredEvent) -> None:
    told.user_of(event).is_there = False


def _created(told: History, event: StoredEvent) -> None:
    told.user_of(event)
    key_id, ends_at = str(event.payload["key_id"]), event.payload["expires_at"]
    if key_id in told.api_keys:
        told.faults.append(f"{event.name} is told twice of {key_id}")
    scopes = event.payload["scopes"]
    told.api_keys[key_id] = ToldKey(
        owner_id=user_id_of(event),
        scopes=frozenset(map(str, scopes)) if isinstance(scopes, list | tuple) else frozenset(),
        expires_at=None if ends_at is None else _instant(ends_at),
    )


def _rotated(told: History, event: StoredEvent) -> None:
    key = _living_key(told, event)
    successor = str(event.payload["successor_id"])
    if key.successor is not None:
        told.faults.append(f"{event.name} is told twice of {event.payload['key_id']}")
    if successor not in told.api_keys:
        told.faults.append(f"{event.name} tells of the successor {successor}, which never came")
    key.successor, key.expires_at = successor, _instant(event.payload["expires_at"])
    key.version += 1


def _ended(told: History, event: StoredEvent) -> None:
    key = _living_key(told, event)
    key.is_ended = True
    key.version += 1


def _living_key(told: History, event: StoredEvent) -> ToldKey:
    """Return the key an event is about, which must hold and be of the event's user."""
    key_id = str(event.payload["key_id"])
    key = told.api_keys.get(key_id)
    if key is None or not key.holds(event.at) or key.owner_id != event.user_id:
        told.faults.append(f"{event.name} is told of key {key_id}, which does not hold")
    return key or ToldKey(owner_id=user_id_of(event))


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


TELLERS: Final[Mapping[str, Callable[[History, StoredEvent], Any]]] = {
    "service_account.created": _account_created,
    "service_account.updated": _account_updated,
    "service_account.suspended": _account_suspended,
    "service_account.reactivated": _account_reactivated,
    "service_account.deleted": _account_deleted,
    "api_key.created": _created,
    "api_key.rotated": _rotated,
    "api_key.revoked": _ended,
    "api_key.reported": _ended,
}
