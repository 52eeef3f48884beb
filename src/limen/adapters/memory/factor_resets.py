"""Requests to reset second factors, in memory."""

from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.errors import FactorResetNotFound, UserNotFound
from limen.core.factors.model import ResetRequest
from limen.core.ids import UserId
from limen.ports.factor_resets import FactorResets


class MemoryFactorResets:
    """Keeps requests by user."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def put(self, request: ResetRequest) -> None:
        """Store a request, in place of any other of this user."""
        rows = await self._desk.write()
        if request.user_id not in rows.users:
            raise UserNotFound
        rows.factor_resets.put(request.user_id, request)

    async def find(self, user_id: UserId) -> ResetRequest | None:
        """Return the request of a user."""
        return (await self._desk.read()).factor_resets.get(user_id)

    @changes
    async def consume(self, request: ResetRequest, now: datetime) -> None:
        """Remove exactly this request; only who is first can."""
        rows = await self._desk.write()
        if rows.factor_resets.get(request.user_id) != request or not request.is_live(now):
            raise FactorResetNotFound
        rows.factor_resets.pop(request.user_id)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` requests that were over before `before`."""
        rows = await self._desk.write()
        over = (one.user_id for one in rows.factor_resets.values() if one.expires_at < before)
        found = tuple(islice(over, limit))
        for user_id in found:
            rows.factor_resets.pop(user_id)
        return len(found)


_conforms: type[FactorResets] = MemoryFactorResets
