"""Attempts in memory."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.idempotency.model import Attempt
from limen.ports.idempotency import Attempts


class MemoryAttempts:
    """Keeps attempts by scope."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def begin(self, attempt: Attempt, *, abandoned_before: datetime) -> Attempt | None:
        """Claim the scope, or return the attempt that has it."""
        rows = await self._desk.write()
        present = rows.attempts.get(attempt.scope)
        if present is not None and not _is_over(present, attempt.begun_at, abandoned_before):
            return present
        rows.attempts.put(attempt.scope, replace(attempt, sealed=None))
        return None

    @changes
    async def finish(self, attempt: Attempt) -> None:
        """Store the answer of a scope that was claimed by this very attempt."""
        rows = await self._desk.write()
        if _is_claim_of(rows.attempts.get(attempt.scope), attempt):
            rows.attempts.put(attempt.scope, attempt)

    @changes
    async def abandon(self, attempt: Attempt) -> None:
        """Give a scope up that was claimed by this very attempt and has no answer."""
        rows = await self._desk.write()
        if _is_claim_of(rows.attempts.get(attempt.scope), attempt):
            rows.attempts.pop(attempt.scope)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` attempts that expired before `before`."""
        rows = await self._desk.write()
        expired = (a.scope for a in rows.attempts.values() if a.expires_at < before)
        found = tuple(islice(expired, limit))
        for scope in found:
            rows.attempts.pop(scope)
        return len(found)


def _is_over(present: Attempt, now: datetime, abandoned_before: datetime) -> bool:
    is_abandoned = present.sealed is None and present.begun_at < abandoned_before
    return is_abandoned or present.expires_at <= now


def _is_claim_of(present: Attempt | None, attempt: Attempt) -> bool:
    """Tell whether the stored claim, still without an answer, is this very attempt's."""
    return present is not None and present == replace(attempt, sealed=None)


_conforms: type[Attempts] = MemoryAttempts
