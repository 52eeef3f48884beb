"""The machines can fail: what no single call shows, a sequence does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import Phase, settings

from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from limen.adapters.memory.users import MemoryUsers
from limen.core.events import Event
from limen.core.sessions.model import Session, SessionPolicy
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.fakes import CountingIds
from limen.testing.machines import proving
from limen.testing.machines.machine import QUICK, StoreMachine, prove
from tests.unit.testing import (
    faults_of_access,
    faults_of_api_keys,
    faults_of_approvals,
    faults_of_factors,
    faults_of_levels,
    faults_of_mail,
    faults_of_passkeys,
    faults_of_remembered,
)
from tests.unit.testing.faults import Fault, fault

# The same sequences in every run: a test of the machines must not depend on luck. The first one
# that fails is enough; nobody reads it, so it need not be short.
SAME = settings(
    QUICK,
    derandomize=True,
    max_examples=100,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


@asynccontextmanager
async def in_memory() -> AsyncIterator[UnitOfWorkFactory]:
    yield MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())


@fault("UserMachine")
def nobody_is_ever_put_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def end(*_: Any, **__: Any) -> tuple[()]:
        return ()

    monkeypatch.setattr(MemorySessions, "end", end)


@fault("UserMachine")
def a_sign_in_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sign_in(_self: MemoryUsers, _user: User) -> None:
        """Store nothing."""

    monkeypatch.setattr(MemoryUsers, "sign_in", sign_in)


@fault("UserMachine")
def an_event_in_five_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    emit = MemoryUnitOfWork.emit

    def emit_some(self: MemoryUnitOfWork, event: Event) -> None:
        if self._ids.new().int >> 80 & 4:
            emit(self, event)

    monkeypatch.setattr(MemoryUnitOfWork, "emit", emit_some)


@fault("FamilyMachine")
def what_ran_out_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "is_live", lambda self, _now: self.ended_at is None)


@fault("FamilyMachine")
def a_rotation_forgets_when_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    rotate = MemoryFamilies.rotate

    async def rotate_before(self: MemoryFamilies, family: RefreshFamily) -> None:
        present = (await self._desk.read()).families[family.session_id]
        await rotate(self, replace(family, rotated_at=present.rotated_at))

    monkeypatch.setattr(MemoryFamilies, "rotate", rotate_before)


@fault("FamilyMachine")
def use_keeps_nobody_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(_self: MemorySessions, _session: Session) -> None:
        """Store nothing."""

    monkeypatch.setattr(MemorySessions, "use", use)


@fault("FamilyMachine")
def use_goes_past_the_absolute_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def used(self: Session, now: datetime, policy: SessionPolicy) -> Session:
        return replace(self, last_used_at=now, idle_expires_at=now + policy.idle)

    monkeypatch.setattr(Session, "used", used)


MACHINES: dict[str, type[StoreMachine]] = {
    machine.__name__: machine for machine in proving.MACHINES.values()
}
HERE = list(globals().values())
THERE = [
    *vars(faults_of_access).values(),
    *vars(faults_of_api_keys).values(),
    *vars(faults_of_approvals).values(),
    *vars(faults_of_factors).values(),
    *vars(faults_of_levels).values(),
    *vars(faults_of_mail).values(),
    *vars(faults_of_passkeys).values(),
    *vars(faults_of_remembered).values(),
]
FAULTS = [value for value in [*HERE, *THERE] if isinstance(value, Fault)]


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_a_sound_store_is_believed(machine: type[StoreMachine]) -> None:
    prove(machine, in_memory, settings(SAME, max_examples=20))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_broken_store_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.tell(monkeypatch)
    with pytest.raises(AssertionError):
        # What is drawn depends on the modules that were loaded before: leave room to find it.
        prove(MACHINES[fault.caught_by], in_memory, settings(SAME, max_examples=1000))
