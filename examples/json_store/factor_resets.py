"""Resets of second factors that wait for a second administrator."""

from datetime import datetime

from examples.json_store.tables import Repository
from limen.core.errors import FactorResetNotFound, UserNotFound
from limen.core.factors.model import ResetRequest
from limen.core.ids import UserId
from limen.ports.factor_resets import FactorResets


class JsonFactorResets(Repository):
    """See `limen.ports.factor_resets`."""

    async def put(self, request: ResetRequest) -> None:
        tables = await self._desk.write()
        if request.user_id not in tables.users:
            raise UserNotFound
        tables.factor_resets.put(request)

    async def find(self, user_id: UserId) -> ResetRequest | None:
        return (await self._desk.read()).factor_resets.get(user_id)

    async def consume(self, request: ResetRequest, now: datetime) -> None:
        tables = await self._desk.write()
        if tables.factor_resets.get(request.user_id) != request or not request.is_live(now):
            raise FactorResetNotFound
        tables.factor_resets.remove(request.user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.factor_resets.remove_where(lambda one: one.expires_at < before, limit))


_conforms: type[FactorResets] = JsonFactorResets
