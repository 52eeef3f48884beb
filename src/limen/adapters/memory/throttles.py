"""Throttles in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.throttles.model import Throttle
from limen.ports.throttles import Throttles


class MemoryThrottles:
    """Keeps throttles by key."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def lock(self, keys: Sequence[str], now: datetime) -> tuple[Throttle, ...]:
        """Return the throttles of `keys`; this unit of work is alone until it ends."""
        rows = await self._desk.write()
        for key in keys:
            if key not in rows.throttles:
                rows.throttles.put(key, Throttle(key=key, since=now, last_at=now))
        return tuple(rows.throttles[key] for key in keys)

    @changes
    async def save(self, throttle: Throttle) -> None:
        """Store a throttle."""
        rows = await self._desk.write()
        rows.throttles.put(throttle.key, throttle)

    @changes
    async def clear(self, key: str) -> None:
        """Forget the attempts under `key`, if there are any."""
        rows = await self._desk.write()
        rows.throttles.pop(key)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove throttles last charged before `before` and not blocked since."""
        rows = await self._desk.write()
        quiet = (t.key for t in rows.throttles.values() if _was_quiet(t, before))
        found = tuple(islice(quiet, limit))
        for key in found:
            rows.throttles.pop(key)
        return len(found)


def _was_quiet(throttle: Throttle, before: datetime) -> bool:
    blocked = throttle.blocked_until
    return throttle.last_at < before and (blocked is None or blocked <= before)


_conforms: type[Throttles] = MemoryThrottles
