"""Units of work, one after the other; each is a draft that its commit carries down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from limen.adapters.memory.accounts import MemoryAccounts
from limen.adapters.memory.api_keys import MemoryApiKeys
from limen.adapters.memory.ceremonies import MemoryCeremonies
from limen.adapters.memory.devices import MemoryDevices
from limen.adapters.memory.factor_resets import MemoryFactorResets
from limen.adapters.memory.factors import MemoryRecoveryCodes, MemoryTotps
from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.grants import MemoryGrants
from limen.adapters.memory.idempotency import MemoryAttempts
from limen.adapters.memory.keys import MemoryKeys
from limen.adapters.memory.messages import MemoryMessages
from limen.adapters.memory.outbox import MemoryOutbox, stored
from limen.adapters.memory.partial_sessions import MemoryPartialSessions
from limen.adapters.memory.passkeys import MemoryPasskeys
from limen.adapters.memory.passwords import MemoryPasswords
from limen.adapters.memory.proofs import MemoryProofs
from limen.adapters.memory.remembered import MemoryRemembered
from limen.adapters.memory.roles import MemoryRoles
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.store import Desk, MemoryStore, Rows
from limen.adapters.memory.throttles import MemoryThrottles
from limen.adapters.memory.users import MemoryUsers
from limen.core.events import Event
from limen.core.ids import EventId
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View


class MemoryView:
    """All repositories at one desk."""

    def __init__(self, desk: Desk) -> None:
        """Make the repositories."""
        self.users = MemoryUsers(desk)
        self.passwords = MemoryPasswords(desk)
        self.sessions = MemorySessions(desk)
        self.families = MemoryFamilies(desk)
        self.keys = MemoryKeys(desk)
        self.roles = MemoryRoles(desk)
        self.grants = MemoryGrants(desk)
        self.throttles = MemoryThrottles(desk)
        self.outbox = MemoryOutbox(desk)
        self.attempts = MemoryAttempts(desk)
        self.accounts = MemoryAccounts(desk)
        self.messages = MemoryMessages(desk)
        self.proofs = MemoryProofs(desk)
        self.partial_sessions = MemoryPartialSessions(desk)
        self.passkeys = MemoryPasskeys(desk)
        self.ceremonies = MemoryCeremonies(desk)
        self.totps = MemoryTotps(desk)
        self.recovery_codes = MemoryRecoveryCodes(desk)
        self.api_keys = MemoryApiKeys(desk)
        self.devices = MemoryDevices(desk)
        self.remembered = MemoryRemembered(desk)
        self.factor_resets = MemoryFactorResets(desk)


class MemoryUnitOfWork(MemoryView):
    """One change, held back until it commits."""

    def __init__(self, rows: Rows, desk: Desk, ids: IdSource) -> None:
        """Change `rows`, a draft, through `desk`; number events by `ids`."""
        super().__init__(desk)
        self._rows = rows
        self._desk = desk
        self._ids = ids
        self._emitted: list[Event] = []
        self._committed: tuple[Event, ...] = ()

    @property
    def committed(self) -> tuple[Event, ...]:
        """The events that `commit` has made durable; none before."""
        return self._committed

    def emit(self, event: Event) -> None:
        """Put `event` into the outbox when, and only when, this change commits."""
        self._desk.refuse_closed()
        self._emitted.append(event)

    async def commit(self) -> None:
        """Show everything to everybody, in one step that nothing can interrupt."""
        await self._desk.write()
        for event in self._emitted:
            event_id = EventId(self._ids.new())
            self._rows.events.put(event_id, stored(event, event_id))
        self._rows.apply()
        self._committed = tuple(self._emitted)
        self._desk.close()


class MemoryUnitOfWorkFactory:
    """Opens units of work, one at a time, and views, any number."""

    def __init__(self, store: MemoryStore, ids: IdSource) -> None:
        """Work on `store`; `ids` numbers the events."""
        self._store = store
        self._ids = ids

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        return self._unit_of_work()

    def view(self) -> AbstractAsyncContextManager[View]:
        """Open a view."""
        return self._view()

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            desk = Desk(rows, is_writable=True)
            try:
                yield MemoryUnitOfWork(rows, desk, self._ids)
            finally:
                desk.close()

    @asynccontextmanager
    async def _view(self) -> AsyncIterator[View]:
        await asyncio.sleep(0)
        desk = Desk(self._store.rows, is_writable=False)
        try:
            yield MemoryView(desk)
        finally:
            desk.close()


_conforms: type[UnitOfWorkFactory] = MemoryUnitOfWorkFactory
