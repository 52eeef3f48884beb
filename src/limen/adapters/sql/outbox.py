"""The outbox in SQL."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Bulk, Row, Statement
from limen.adapters.sql.tables import outbox
from limen.core.actor import Actor, ActorKind
from limen.core.events import Event, plain
from limen.core.ids import EventId, SessionId, UserId
from limen.ports.outbox import Outbox, StoredEvent

_EVENTS: Final = (
    select(
        outbox.c.id,
        outbox.c.name,
        outbox.c.at,
        outbox.c.actor,
        outbox.c.user_id,
        outbox.c.payload,
    )
    .order_by(outbox.c.id)
    .limit(bindparam("limit"))
)
_IS_BEHIND: Final = outbox.c.id > bindparam("after")
_IS_USERS: Final = outbox.c.user_id == bindparam("user_id")

_LIST: Final = Statement(_EVENTS)
_LIST_BEHIND: Final = Statement(_EVENTS.where(_IS_BEHIND))
_LIST_OF_USER: Final = Statement(_EVENTS.where(_IS_USERS))
_LIST_OF_USER_BEHIND: Final = Statement(_EVENTS.where(_IS_USERS, _IS_BEHIND))

_OLD: Final = (
    select(outbox.c.id)
    .where(outbox.c.at < bindparam("before"))
    .order_by(outbox.c.at)
    .limit(bindparam("limit"))
)
_PURGE: Final = Statement(delete(outbox).where(outbox.c.id.in_(_OLD)))

EMIT: Final = Bulk(outbox)

# What `Actor.recorded` leaves out.
_UNTOLD: Final = frozenset({"scopes", "meter", "device", "authenticated_at"})
_ACTOR_FIELDS: Final = tuple(field.name for field in fields(Actor) if field.name not in _UNTOLD)


class SqlOutbox:
    """Keeps events by id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def list(
        self, *, after: EventId | None = None, user_id: UserId | None = None, limit: int = 100
    ) -> tuple[StoredEvent, ...]:
        """Return up to `limit` events behind `after`, oldest first; of one user if asked."""
        if user_id is None:
            statement = _LIST if after is None else _LIST_BEHIND
        else:
            statement = _LIST_OF_USER if after is None else _LIST_OF_USER_BEHIND
        rows = await self._desk.fetch_all(statement, after=after, user_id=user_id, limit=limit)
        return tuple(map(_read, rows))

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` events from before `before`, oldest first."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def write_event(event: Event, event_id: UUID) -> Mapping[str, object]:
    """Return an event as a row."""
    recorded = event.actor.recorded
    actor = ((name, getattr(recorded, name)) for name in _ACTOR_FIELDS)
    return {
        "id": event_id,
        "name": event.name,
        "at": event.at,
        "actor": {name: plain(value) for name, value in actor if value is not None},
        "user_id": event.user_id,
        "payload": event.payload(),
    }


def _read(row: Row) -> StoredEvent:
    return StoredEvent(
        id=row[0],
        name=row[1],
        at=row[2],
        actor=_read_actor(row[3]),
        user_id=row[4],
        payload=row[5],
    )


def _read_actor(stored: dict[str, Any]) -> Actor:
    user_id, session_id = stored.pop("user_id", None), stored.pop("session_id", None)
    return Actor(
        kind=ActorKind(stored.pop("kind")),
        user_id=None if user_id is None else UserId(UUID(user_id)),
        session_id=None if session_id is None else SessionId(UUID(session_id)),
        **{name: stored[name] for name in _ACTOR_FIELDS if name in stored},
    )


_conforms: type[Outbox] = SqlOutbox
