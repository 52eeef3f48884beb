"""Sign-ins that wait for a second factor."""

from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository
from limen.core.errors import PartialSessionInvalid, UserNotFound
from limen.core.ids import PartialSessionId, UserId
from limen.core.partial_sessions.model import PartialSession
from limen.ports.partial_sessions import PartialSessions


class JsonPartialSessions(Repository):
    """See `limen.ports.partial_sessions`."""

    async def add(self, partial: PartialSession) -> None:
        tables = await self._desk.write()
        if partial.user_id not in tables.users:
            raise UserNotFound
        tables.partial_sessions.put(partial)

    async def find(self, partial_id: PartialSessionId) -> PartialSession | None:
        return (await self._desk.read()).partial_sessions.get(partial_id)

    async def charge(self, partial_id: PartialSessionId, most: int) -> bool:
        tables = await self._desk.write()
        partial = tables.partial_sessions.get(partial_id)
        if partial is None or partial.tries >= most:
            return False
        tables.partial_sessions.put(replace(partial, tries=partial.tries + 1))
        return True

    async def consume(self, partial_id: PartialSessionId, now: datetime) -> None:
        tables = await self._desk.write()
        partial = tables.partial_sessions.get(partial_id)
        if partial is None or not partial.is_live(now):
            raise PartialSessionInvalid
        tables.partial_sessions.remove(partial_id)

    async def remove(self, user_id: UserId) -> None:
        tables = await self._desk.write()
        tables.partial_sessions.remove_where(lambda partial: partial.user_id == user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        over = tables.partial_sessions.remove_where(lambda one: one.expires_at < before, limit)
        return len(over)


_conforms: type[PartialSessions] = JsonPartialSessions
