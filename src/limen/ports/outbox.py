"""Where events wait to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from limen.core.actor import Actor
from limen.core.ids import EventId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it was stored: its name, the common fields, and its own as JSON values.

    The actor is stored as `Actor.recorded`.
    """

    id: EventId
    name: str
    at: datetime
    actor: Actor
    user_id: UserId | None
    payload: Mapping[str, object]


class Outbox(Protocol):
    """Keeps the events that units of work emitted, in the order of their ids."""

    async def list(
        self, *, after: EventId | None = None, user_id: UserId | None = None, limit: int = 100
    ) -> tuple[StoredEvent, ...]:
        """Return up to `limit` events behind `after`, oldest first; of one user if asked."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` events from before `before`; return how many."""
        ...
