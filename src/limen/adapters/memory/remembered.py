"""Remembered browsers in memory."""

from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import MOST_LISTED, Remembered
from limen.ports.remembered import RememberedBrowsers


class MemoryRemembered:
    """Keeps remembered browsers by id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, remembered: Remembered) -> None:
        """Add a new one."""
        rows = await self._desk.write()
        if remembered.user_id not in rows.users:
            raise UserNotFound
        rows.remembered.put(remembered.id, remembered)

    async def find(self, remembered_id: RememberedId) -> Remembered | None:
        """Return the one with this id."""
        return (await self._desk.read()).remembered.get(remembered_id)

    async def list(self, user_id: UserId) -> tuple[Remembered, ...]:
        """Return those of a user, the last used first."""
        rows = await self._desk.read()
        own = [one for one in rows.remembered.values() if one.user_id == user_id]
        own.sort(key=lambda one: (one.used_at, one.id), reverse=True)
        return tuple(own[:MOST_LISTED])

    @changes
    async def renew(self, remembered: Remembered) -> None:
        """Store one that was used; only who is first can."""
        rows = await self._desk.write()
        present = rows.remembered.get(remembered.id)
        if present is None or present.digest != remembered.previous_digest:
            raise ConcurrentUpdate
        rows.remembered.put(remembered.id, remembered)

    @changes
    async def remove(
        self,
        user_id: UserId,
        *,
        only: RememberedId | None = None,
        keep: SessionId | None = None,
    ) -> int:
        """Remove those of a user."""
        rows = await self._desk.write()
        found = [
            one.id
            for one in rows.remembered.values()
            if one.user_id == user_id and only in {None, one.id}
            if keep is None or one.session_id != keep
        ]
        for remembered_id in found:
            rows.remembered.pop(remembered_id)
        return len(found)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` that were over before `before`."""
        rows = await self._desk.write()
        over = (one.id for one in rows.remembered.values() if one.expires_at < before)
        found = tuple(islice(over, limit))
        for remembered_id in found:
            rows.remembered.pop(remembered_id)
        return len(found)


_conforms: type[RememberedBrowsers] = MemoryRemembered
