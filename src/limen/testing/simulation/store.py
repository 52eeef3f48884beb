"""The memory store as its workers see it: now and then it does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from limen.adapters.memory.store import Desk, MemoryStore, Rows
from limen.adapters.memory.unit_of_work import (
    MemoryUnitOfWork,
    MemoryUnitOfWorkFactory,
    MemoryView,
)
from limen.core.errors import StorageUnavailable
from limen.core.events import Event
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWork, View
from limen.testing.simulation.journal import CALL, Change, Commit, Journal


class Weather:
    """Whether the store answers. 0 is never: otherwise so many more times, then once not."""

    def __init__(self) -> None:
        """Begin with a store that answers."""
        self.is_out = False
        self.answers = 0
        self.acknowledges = 0

    def clear_up(self) -> None:
        """Let nothing fail any more but in an outage."""
        self.answers = self.acknowledges = 0

    def strike(self, *, is_change: bool) -> None:
        """Raise `StorageUnavailable` if the store does not answer."""
        if self.is_out:
            _refuse(is_change=is_change)
        if self.answers:
            self.answers -= 1
            if not self.answers:
                _refuse(is_change=is_change)

    def loses_acknowledgement(self) -> bool:
        """Tell whether a commit that is durable looks like one that failed."""
        if not self.acknowledges:
            return False
        self.acknowledges -= 1
        return not self.acknowledges


def _refuse(*, is_change: bool) -> None:
    call = CALL.get()
    if call is not None:
        call.outages += 1
        call.failed_changes += is_change
    raise StorageUnavailable


class SimulatedDesk(Desk):
    """A desk at which nobody may sit."""

    def __init__(self, rows: Rows, weather: Weather, *, is_writable: bool) -> None:
        """Serve `rows` as `weather` allows."""
        super().__init__(rows, is_writable=is_writable)
        self._weather = weather

    async def read(self) -> Rows:
        """Return the rows, or raise `StorageUnavailable`."""
        rows = await super().read()
        try:
            self._weather.strike(is_change=self._is_writable)
        except StorageUnavailable:
            self.fail()
            raise
        return rows


class SimulatedUnitOfWork(MemoryUnitOfWork):
    """A change whose commit is written into the journal, and whose acknowledgement may be lost."""

    def __init__(self, rows: Rows, desk: Desk, units: "SimulatedUnits") -> None:
        """Change `rows`, a draft, through `desk`."""
        super().__init__(rows, desk, units.ids)
        self._units = units
        self._told: list[Event] = []

    def emit(self, event: Event) -> None:
        """Put `event` into the outbox with the commit."""
        super().emit(event)
        self._told.append(event)

    async def commit(self) -> None:
        """Make everything durable, and say so unless the weather is bad."""
        changes = tuple(Change(*change) for change in self._rows.changed())
        await super().commit()
        units = self._units
        units.judge(units.journal.record(changes, tuple(self._told), units.worker))
        if units.weather.loses_acknowledgement():
            self._committed = ()
            _refuse(is_change=True)
        # Here a worker can crash that has committed and told nobody.
        await asyncio.sleep(0)


class SimulatedUnits(MemoryUnitOfWorkFactory):
    """Units of work of one worker. `judge` is told of every commit before anybody else is."""

    def __init__(
        self,
        store: MemoryStore,
        ids: IdSource,
        *,
        weather: Weather,
        journal: Journal,
        worker: int,
        judge: Callable[[Commit], None],
    ) -> None:
        """Work on `store` for a worker."""
        super().__init__(store, ids)
        self.ids = ids
        self.weather = weather
        self.journal = journal
        self.worker = worker
        self.judge = judge

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            desk = SimulatedDesk(rows, self.weather, is_writable=True)
            try:
                yield SimulatedUnitOfWork(rows, desk, self)
            finally:
                desk.close()

    @asynccontextmanager
    async def _view(self) -> AsyncIterator[View]:
        await asyncio.sleep(0)
        desk = SimulatedDesk(self._store.rows, self.weather, is_writable=False)
        try:
            yield MemoryView(desk)
        finally:
            desk.close()
