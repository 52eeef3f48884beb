"""Events, and requests that were answered already."""

from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository
from limen.core.idempotency.model import Attempt
from limen.core.ids import EventId, UserId
from limen.ports.idempotency import Attempts
from limen.ports.outbox import Outbox, StoredEvent


class JsonOutbox(Repository):
    """See `limen.ports.outbox`."""

    async def list(
        self, *, after: EventId | None = None, user_id: UserId | None = None, limit: int = 100
    ) -> tuple[StoredEvent, ...]:
        tables = await self._desk.read()
        asked = {} if user_id is None else {"user_id": user_id}
        found = [e for e in tables.events.where(**asked) if after is None or e.id > after]
        return tuple(sorted(found, key=lambda event: event.id)[:limit])

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.events.remove_where(lambda event: event.at < before, limit))


class JsonAttempts(Repository):
    """See `limen.ports.idempotency`."""

    async def begin(self, attempt: Attempt, *, abandoned_before: datetime) -> Attempt | None:
        tables = await self._desk.write()
        present = tables.attempts.get(attempt.scope.hex())
        if present is not None and not _is_over(present, attempt.begun_at, abandoned_before):
            return present
        tables.attempts.put(replace(attempt, sealed=None))
        return None

    async def finish(self, attempt: Attempt) -> None:
        tables = await self._desk.write()
        if tables.attempts.get(attempt.scope.hex()) == replace(attempt, sealed=None):
            tables.attempts.put(attempt)

    async def abandon(self, attempt: Attempt) -> None:
        tables = await self._desk.write()
        if tables.attempts.get(attempt.scope.hex()) == replace(attempt, sealed=None):
            tables.attempts.remove(attempt.scope.hex())

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.attempts.remove_where(lambda one: one.expires_at < before, limit))


def _is_over(present: Attempt, now: datetime, abandoned_before: datetime) -> bool:
    is_abandoned = present.sealed is None and present.begun_at < abandoned_before
    return is_abandoned or present.expires_at <= now


_conforms: tuple[type[Outbox], type[Attempts]] = (JsonOutbox, JsonAttempts)
