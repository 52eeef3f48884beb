"""Noting when keys were last used, behind the requests that use them."""

import asyncio
from datetime import datetime

from limen.core.api_keys.model import ApiKey, ApiKeyPolicy
from limen.core.errors import LimenError
from limen.core.ids import ApiKeyId
from limen.ports.unit_of_work import UnitOfWorkFactory

_REMEMBERED = 10_000


class KeyUses:
    """Writes a use of a key at most once in a while, and keeps nobody waiting for it.

    A use that could not be written is lost: the next one comes.
    """

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, policy: ApiKeyPolicy) -> None:
        self._unit_of_work = unit_of_work
        self._resolution = policy.use_resolution
        self._noted: dict[ApiKeyId, datetime] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, key: ApiKey, now: datetime) -> None:
        """Have the use written, unless one was noted a short while ago."""
        noted = self._noted.get(key.id)
        is_known = noted is not None and now - noted < self._resolution
        if is_known or not key.is_use_new(now, self._resolution):
            return
        self._remember(key.id, now)
        task = asyncio.create_task(self._write(key.id, now))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settled(self) -> None:
        """Return when nothing is being written any more."""
        while self._writing:
            await asyncio.wait(self._writing)

    def _remember(self, key_id: ApiKeyId, now: datetime) -> None:
        self._noted.pop(key_id, None)
        if len(self._noted) >= _REMEMBERED:
            oldest = next(iter(self._noted))
            del self._noted[oldest]
        self._noted[key_id] = now

    async def _write(self, key_id: ApiKeyId, now: datetime) -> None:
        try:
            async with self._unit_of_work() as uow:
                await uow.api_keys.use(key_id, now, now - self._resolution)
                await uow.commit()
        except LimenError:
            self._noted.pop(key_id, None)
