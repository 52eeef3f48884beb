"""The rows of the memory store with units of work side by side, as PostgreSQL runs them.

The memory store lets one unit of work in at a time, so a service that forgets to lock a row is
right there and wrong elsewhere. Here units of work run at once under READ COMMITTED: each reads
what is committed at that moment and what it wrote itself, a write waits for whoever holds its row
and then decides on what it finds, locks end with the unit. It is a model to test services on, no
store to use: what a scenario does not need raises `NotImplementedError`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, cast

from limen.adapters.memory.store import Desk, MemoryStore, Rows
from limen.adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View
from limen.testing.fakes import CountingIds
from limen.testing.interleavings.row_locks import CircleOfWaiting, Lock, Owner, RowLocks
from limen.testing.interleavings.row_needs import NEEDS, Needs

_READS: Final = frozenset(
    {
        *("get", "find", "list", "list_live", "list_endings", "list_held"),
        *("count", "count_administrators", "find_standing", "find_of", "find_waiting"),
    }
)


class RowLockingUnits:
    """Units of work side by side over the rows of one memory store."""

    def __init__(self, circle: type[Exception] = CircleOfWaiting) -> None:
        """Start empty; raise `circle` where a database would end a deadlock."""
        self._store = MemoryStore()
        self._ids = CountingIds()
        self._views = MemoryUnitOfWorkFactory(self._store, self._ids)
        self._locks = RowLocks(circle)

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        return self._unit_of_work()

    def view(self) -> AbstractAsyncContextManager[View]:
        """Open a view."""
        return self._views.view()

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        rows = self._store.rows.draft()
        desk = _PromptDesk(rows, is_writable=True)
        unit = _LockingUnit(MemoryUnitOfWork(rows, desk, self._ids), rows, self._locks)
        try:
            yield cast("UnitOfWork", unit)
        finally:
            desk.close()
            self._locks.release(unit)


class _PromptDesk(Desk):
    """A desk without a queue: whoever holds the lock is served in the same step."""

    async def read(self) -> Rows:
        """Return the rows at once."""
        self.refuse_closed()
        return self._rows


class _LockingUnit:
    """A unit of work of the memory store whose repositories lock what they write."""

    def __init__(self, inner: MemoryUnitOfWork, rows: Rows, locks: RowLocks) -> None:
        self._inner = inner
        self._rows = rows
        self._locks = locks

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._inner, name)
        needs = NEEDS.get(name)
        return part if needs is None else _LockingRepository(part, needs, self.lock)

    async def commit(self) -> None:
        """Let others go first, then commit."""
        await asyncio.sleep(0)
        await self._inner.commit()

    async def lock(self, needs: Callable[[Rows], Iterable[Lock]]) -> None:
        """Take what is needed, again if that has changed while it waited."""
        owner: Owner = self
        while missing := [n for n in needs(self._rows) if not self._locks.holds(owner, n)]:
            await self._locks.take(owner, missing[0])


class _LockingRepository:
    """A repository that lets others go first, then locks, then does its work in the same step."""

    def __init__(
        self,
        inner: object,
        needs: Mapping[str, Needs],
        lock: Callable[[Callable[[Rows], Iterable[Lock]]], Any],
    ) -> None:
        self._inner = inner
        self._needs = needs
        self._lock = lock

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        needs = _no_needs if name in _READS else self._needs.get(name)
        if needs is None:
            message = f"nothing says what {name} locks"
            raise NotImplementedError(message)

        async def work(*args: Any, **named: Any) -> Any:
            await asyncio.sleep(0)
            await self._lock(lambda rows: needs(rows, *args, **named))
            return await method(*args, **named)

        return work


def _no_needs(*_: object, **__: object) -> list[Lock]:
    return []


_conforms: type[UnitOfWorkFactory] = RowLockingUnits
