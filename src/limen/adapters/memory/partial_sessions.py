"""Partial sessions in memory."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.errors import PartialSessionInvalid, UserNotFound
from limen.core.ids import PartialSessionId, UserId
from limen.core.partial_sessions.model import PartialSession
from limen.ports.partial_sessions import PartialSessions


class MemoryPartialSessions:
    """Keeps partial sessions by id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, partial: PartialSession) -> None:
        """Add a new partial session."""
        rows = await self._desk.write()
        if partial.user_id not in rows.users:
            raise UserNotFound
        rows.partial_sessions.put(partial.id, partial)

    async def find(self, partial_id: PartialSessionId) -> PartialSession | None:
        """Return the partial session, if it was not consumed."""
        rows = await self._desk.read()
        return rows.partial_sessions.get(partial_id)

    @changes
    async def charge(self, partial_id: PartialSessionId, most: int) -> bool:
        """Count one more code, if there were fewer than `most`."""
        rows = await self._desk.write()
        partial = rows.partial_sessions.get(partial_id)
        if partial is None or partial.tries >= most:
            return False
        rows.partial_sessions.put(partial_id, replace(partial, tries=partial.tries + 1))
        return True

    @changes
    async def consume(self, partial_id: PartialSessionId, now: datetime) -> None:
        """Remove the partial session; only who is first can."""
        rows = await self._desk.write()
        partial = rows.partial_sessions.get(partial_id)
        if partial is None or not partial.is_live(now):
            raise PartialSessionInvalid
        rows.partial_sessions.pop(partial_id)

    @changes
    async def remove(self, user_id: UserId) -> None:
        """Remove all partial sessions of a user."""
        rows = await self._desk.write()
        for partial in [p for p in rows.partial_sessions.values() if p.user_id == user_id]:
            rows.partial_sessions.pop(partial.id)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` partial sessions that were over before `before`."""
        rows = await self._desk.write()
        over = (p.id for p in rows.partial_sessions.values() if p.expires_at < before)
        found = tuple(islice(over, limit))
        for partial_id in found:
            rows.partial_sessions.pop(partial_id)
        return len(found)


_conforms: type[PartialSessions] = MemoryPartialSessions
