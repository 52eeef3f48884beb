"""Where it is kept which requests were answered already."""

from datetime import datetime
from typing import Protocol

from limen.core.idempotency.model import Attempt


class Attempts(Protocol):
    """Keeps one attempt for each scope."""

    async def begin(self, attempt: Attempt, *, abandoned_before: datetime) -> Attempt | None:
        """Claim the scope by one conditional write.

        Returns `None` to the one caller who gets it, and the present attempt to all others. An
        attempt that has expired, or that was begun before `abandoned_before` and never finished,
        is replaced.
        """
        ...

    async def finish(self, attempt: Attempt) -> None:
        """Store the answer of a scope that was claimed by this very attempt."""
        ...

    async def abandon(self, attempt: Attempt) -> None:
        """Give a scope up that was claimed by this very attempt and has no answer."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` attempts that expired before `before`; return how many."""
        ...
