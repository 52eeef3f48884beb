"""Browsers that are remembered."""

from datetime import datetime

from examples.json_store.tables import Repository
from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import MOST_LISTED, Remembered
from limen.ports.remembered import RememberedBrowsers


class JsonRemembered(Repository):
    """See `limen.ports.remembered`."""

    async def add(self, remembered: Remembered) -> None:
        tables = await self._desk.write()
        if remembered.user_id not in tables.users:
            raise UserNotFound
        tables.remembered.put(remembered)

    async def find(self, remembered_id: RememberedId) -> Remembered | None:
        return (await self._desk.read()).remembered.get(remembered_id)

    async def list(self, user_id: UserId) -> tuple[Remembered, ...]:
        own = (await self._desk.read()).remembered.where(user_id=user_id)
        return tuple(sorted(own, key=lambda one: (one.used_at, one.id), reverse=True)[:MOST_LISTED])

    async def renew(self, remembered: Remembered) -> None:
        tables = await self._desk.write()
        present = tables.remembered.get(remembered.id)
        if present is None or present.digest != remembered.previous_digest:
            raise ConcurrentUpdate
        tables.remembered.put(remembered)

    async def remove(
        self,
        user_id: UserId,
        *,
        only: RememberedId | None = None,
        keep: SessionId | None = None,
    ) -> int:
        tables = await self._desk.write()
        removed = tables.remembered.remove_where(
            lambda one: (
                one.user_id == user_id
                and only in {None, one.id}
                and (keep is None or one.session_id != keep)
            )
        )
        return len(removed)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.remembered.remove_where(lambda one: one.expires_at < before, limit))


_conforms: type[RememberedBrowsers] = JsonRemembered
