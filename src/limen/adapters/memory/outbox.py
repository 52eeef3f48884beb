"""The outbox in memory."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from limen.adapters.memory.store import Desk, changes
from limen.core.events import Event
from limen.core.ids import EventId, UserId
from limen.ports.outbox import Outbox, StoredEvent


class MemoryOutbox:
    """Keeps events by id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def list(
        self, *, after: EventId | None = None, user_id: UserId | None = None, limit: int = 100
    ) -> tuple[StoredEvent, ...]:
        """Return up to `limit` events behind `after`, oldest first; of one user if asked."""
        rows = await self._desk.read()
        found = [
            event
            for event in rows.events.values()
            if (after is None or event.id > after) and user_id in {None, event.user_id}
        ]
        found.sort(key=lambda event: event.id)
        return tuple(replace(event, payload=deepcopy(event.payload)) for event in found[:limit])

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` events from before `before`, oldest first."""
        rows = await self._desk.write()
        old = sorted(event.id for event in rows.events.values() if event.at < before)[:limit]
        for event_id in old:
            rows.events.pop(event_id)
        return len(old)


def stored(event: Event, event_id: EventId) -> StoredEvent:
    """Return `event` as it is stored."""
    return StoredEvent(
        id=event_id,
        name=event.name,
        at=event.at,
        actor=event.actor.recorded,
        user_id=event.user_id,
        payload=event.payload(),
    )


_conforms: type[Outbox] = MemoryOutbox
