"""Units of work, broken on purpose in ways that only a crash shows; over any sound store.

What no `kill -9` of a process can show is a store that does not wait for its disk: what a process
has handed to the operating system outlives it. Only a machine without power loses that.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, ClassVar, cast

from limen.core.events import Event
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View
from limen.testing.crashes.points import Crashed


class FaultyUnit:
    """Passes everything on to a unit of `inner`, so far."""

    def __init__(self, inner: UnitOfWorkFactory) -> None:
        self._inner = inner
        self._stack = AsyncExitStack()
        self.emitted: list[Event] = []

    async def enter(self) -> None:
        self.uow = await self._stack.enter_async_context(self._inner())

    async def leave(self) -> None:
        await self.undo()

    async def undo(self) -> None:
        await self._stack.aclose()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.uow, name)

    def emit(self, event: Event) -> None:
        self.emitted.append(event)

    async def commit(self) -> None:
        for event in self.emitted:
            self.uow.emit(event)
        await self.uow.commit()


class FaultyUnits:
    """Opens broken units of work."""

    unit: ClassVar[type[FaultyUnit]]

    def __init__(self, inner: UnitOfWorkFactory) -> None:
        self._inner = inner

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        unit = self.unit(self._inner)
        await unit.enter()
        try:
            yield cast("UnitOfWork", unit)
        except Crashed:
            # A dead process does nothing more.
            await unit.undo()
            raise
        except BaseException:
            await unit.leave()
            raise
        await unit.leave()

    def view(self) -> AbstractAsyncContextManager[View]:
        return self._inner.view()


class _EagerUnit(FaultyUnit):
    is_asked = False

    async def commit(self) -> None:
        self.is_asked = True

    async def leave(self) -> None:
        if self.is_asked:
            await super().commit()
        await super().leave()


class AcknowledgesBeforeCommit(FaultyUnits):
    """Answers a commit at once, and makes it when the unit is left."""

    unit = _EagerUnit


class _LatchedUnit(FaultyUnit):
    is_asked = False

    async def commit(self) -> None:
        self.is_asked = True

    async def leave(self) -> None:
        if not self.is_asked:
            await super().leave()


class WritesBehind(FaultyUnits):
    """Keeps a commit that it has acknowledged until somebody wants something again."""

    unit = _LatchedUnit
    waiting: FaultyUnit | None = None

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        await self._catch_up()
        async with super()._open() as uow:
            yield uow
            self.waiting = cast("FaultyUnit", uow)

    def view(self) -> AbstractAsyncContextManager[View]:
        return self._view()

    @asynccontextmanager
    async def _view(self) -> AsyncIterator[View]:
        await self._catch_up()
        async with super().view() as view:
            yield view

    async def _catch_up(self) -> None:
        late, self.waiting = self.waiting, None
        if isinstance(late, _LatchedUnit) and late.is_asked:
            await FaultyUnit.commit(late)
            await late.undo()


class _TellingUnit(FaultyUnit):
    async def commit(self) -> None:
        await self.uow.commit()
        await self._stack.aclose()
        await self.enter()
        await super().commit()


class TellsInAnotherTransaction(FaultyUnits):
    """Commits a change, then its events."""

    unit = _TellingUnit


class _RepeatingUnit(FaultyUnit):
    async def commit(self) -> None:
        self.emitted *= 2
        await super().commit()


class TellsTwice(FaultyUnits):
    """Delivers events at least once."""

    unit = _RepeatingUnit


class _LooseUnit(FaultyUnit):
    committed = ()

    async def enter(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return _LooseRepository(self._inner, name)

    async def commit(self) -> None:
        async with self._inner() as uow:
            for event in self.emitted:
                uow.emit(event)
            await uow.commit()


class _LooseRepository:
    def __init__(self, inner: UnitOfWorkFactory, name: str) -> None:
        self._inner = inner
        self._name = name

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **named: Any) -> Any:
            async with self._inner() as uow:
                result = await getattr(getattr(uow, self._name), name)(*args, **named)
                await uow.commit()
            return result

        return call


class CommitsEachWrite(FaultyUnits):
    """Knows no transactions: whatever is written stays."""

    unit = _LooseUnit


FAULTS = (
    AcknowledgesBeforeCommit,
    WritesBehind,
    TellsInAnotherTransaction,
    TellsTwice,
    CommitsEachWrite,
)
