"""The list of ended sessions: when it is read, how far back, and what happens meanwhile."""

import asyncio
import gc
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.errors import SessionEnded, StorageUnavailable
from limen.core.sessions.denial import DenialList, DenialPolicy
from limen.core.sessions.model import Ending
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.builders import a_session_id
from limen.testing.fakes import CountingIds, FrozenClock

SESSION = a_session_id()
TICK = timedelta(microseconds=1)


class Readings:
    """What a denial list asks the store, which can be held up or be out."""

    def __init__(self) -> None:
        self.since: list[datetime] = []
        self.gate: asyncio.Event | None = None
        self.has_begun = asyncio.Event()
        self.is_out = False

    async def list_endings(self, since: datetime) -> tuple[Ending, ...]:
        self.since.append(since)
        self.has_begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.is_out:
            raise StorageUnavailable
        return ()


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    found = Readings()
    original = MemorySessions.list_endings

    async def list_endings(sessions: MemorySessions, since: datetime) -> tuple[Ending, ...]:
        # What was read is what the store held before anybody was held up.
        endings = await original(sessions, since)
        await found.list_endings(since)
        return endings

    monkeypatch.setattr(MemorySessions, "list_endings", list_endings)
    return found


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def denials(clock: FrozenClock) -> DenialList:
    store = MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())
    return DenialList(unit_of_work=store, clock=clock, policy=DenialPolicy())


async def test_a_list_that_is_fresh_is_not_read_again(
    denials: DenialList, clock: FrozenClock, readings: Readings
) -> None:
    for _ in range(3):
        await denials.check(SESSION)
    clock.advance(timedelta(seconds=2) - TICK)
    await denials.check(SESSION)
    assert len(readings.since) == 1
    clock.advance(TICK)
    await denials.check(SESSION)
    assert len(readings.since) == 2


async def test_a_reading_reaches_back_over_the_last_one_and_never_beyond_all_access_tokens(
    denials: DenialList, clock: FrozenClock, readings: Readings
) -> None:
    overlap, memory = timedelta(seconds=60), timedelta(minutes=16)
    first = clock.now()
    await denials.check(SESSION)
    second = clock.advance(timedelta(seconds=10))
    await denials.check(SESSION)
    third = clock.advance(timedelta(hours=1))
    await denials.check(SESSION)
    assert readings.since == [first - memory - overlap, first - overlap, third - memory - overlap]
    assert second - overlap not in readings.since


async def test_an_ending_is_remembered_as_long_as_an_access_token_can_live(
    denials: DenialList, clock: FrozenClock
) -> None:
    denials._ended = {SESSION: clock.now()}
    for _ in range(16):
        clock.advance(timedelta(minutes=1))
        with pytest.raises(SessionEnded):
            await denials.check(SESSION)
    clock.advance(timedelta(seconds=2))
    await denials.check(SESSION)


async def test_an_outage_is_borne_for_five_seconds(
    denials: DenialList, clock: FrozenClock, readings: Readings
) -> None:
    await denials.check(SESSION)
    readings.is_out = True
    clock.advance(timedelta(seconds=5) - TICK)
    await denials.check(SESSION)
    clock.advance(TICK)
    with pytest.raises(StorageUnavailable):
        await denials.check(SESSION)


async def test_who_comes_after_an_ending_does_not_trust_a_reading_from_before_it(
    readings: Readings,
) -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    readings.gate = asyncio.Event()
    before = asyncio.create_task(limen.denials.check(tokens.session_id))
    await readings.has_begun.wait()
    await limen.sessions.sign_out(actor=acting(tokens))
    after = asyncio.create_task(limen.denials.check(tokens.session_id))
    await asyncio.sleep(0)
    readings.gate.set()
    with pytest.raises(SessionEnded):
        await after
    with pytest.raises(SessionEnded):
        await before
    assert len(readings.since) == 2


async def test_only_changes_that_end_sessions_make_the_list_be_read_again(
    readings: Readings,
) -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.denials.check(SESSION)
    async with limen.unit_of_work():
        pass
    await limen.users.update(ada.id, name="Ada", actor=OPERATOR)
    await limen.denials.check(SESSION)
    assert len(readings.since) == 1
    await limen.users.suspend(ada.id, actor=OPERATOR)
    await limen.denials.check(SESSION)
    assert len(readings.since) == 2


@pytest.fixture
def complaints() -> Iterator[list[dict[str, Any]]]:
    """What the event loop has to say of failures that nobody was told of."""
    found: list[dict[str, Any]] = []
    yield found
    gc.collect()
    assert found == []


async def test_a_reading_that_fails_when_everybody_has_gone_is_no_failure_of_its_own(
    denials: DenialList, readings: Readings, complaints: list[dict[str, Any]]
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    readings.gate = asyncio.Event()
    readings.is_out = True
    waiting = asyncio.create_task(denials.check(SESSION))
    await readings.has_begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    readings.gate.set()
    assert denials._reading is not None
    await asyncio.wait([denials._reading])
    await asyncio.sleep(0)
    denials._reading = None


async def test_a_reading_that_is_cancelled_when_the_loop_ends_is_no_failure_either(
    denials: DenialList, readings: Readings, complaints: list[dict[str, Any]]
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    readings.gate = asyncio.Event()
    waiting = asyncio.create_task(denials.check(SESSION))
    await readings.has_begun.wait()
    assert denials._reading is not None
    denials._reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
