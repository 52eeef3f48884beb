"""Where attempts are counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from limen.core.throttles.model import Throttle


class Throttles(Protocol):
    """Keeps throttles, shared by all nodes."""

    async def lock(self, keys: Sequence[str], now: datetime) -> tuple[Throttle, ...]:
        """Return the throttles of `keys`, in that order; unknown ones are made, without attempts.

        Until this unit of work ends no other one can lock any of them: parallel attempts come
        through one after the other. Whatever the order of `keys`, two callers never wait for each
        other.
        """
        ...

    async def save(self, throttle: Throttle) -> None:
        """Store a throttle that this unit of work has locked."""
        ...

    async def clear(self, key: str) -> None:
        """Forget the attempts under `key`, if there are any."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` throttles last charged before `before` and not blocked since."""
        ...
