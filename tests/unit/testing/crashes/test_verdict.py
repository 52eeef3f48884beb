"""What clients were told against what is stored: each way in which the two can differ is named."""

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.errors import StorageUnavailable
from limen.core.ids import EventId
from limen.testing.assembly import Assembly
from limen.testing.crashes.client import Client, Role
from limen.testing.crashes.journal import (
    ANSWERED,
    FOUND,
    NOT_FOUND,
    REFUSED,
    Answer,
    Entry,
    Journal,
    read,
)
from limen.testing.crashes.points import Course, CrashingUnits
from limen.testing.crashes.requests import CREW, KINDS, SETUP
from limen.testing.crashes.verdict import Verdict, judge
from limen.testing.fakes import CountingIds

REQUESTS = 150


@dataclass
class Storm:
    """A client that was never killed, over a store in memory."""

    store: MemoryStore
    units: MemoryUnitOfWorkFactory
    entries: list[Entry]

    def judged(self) -> Verdict:
        return asyncio.run(judge(self.units, [self.entries]))

    def place(self, kind: str, outcome: str = ANSWERED) -> int:
        """Where the last request of this kind and outcome stands."""
        return max(
            place
            for place, entry in enumerate(self.entries)
            if entry.request.kind == kind and entry.answer and entry.answer.outcome == outcome
        )

    def answer(self, place: int, answer: Answer | None) -> None:
        self.entries[place] = replace_answer(self.entries[place], answer)

    def forget_events(self, place: int) -> None:
        events = self.store.rows.events
        mark = self.entries[place].request.mark
        for event in list(events.values()):
            if event.actor.request_id == mark:
                events.pop(event.id)
        events.apply()

    def repeat_event(self, place: int, mark: str | None = None) -> None:
        events = self.store.rows.events
        its = self.entries[place].request.mark
        event = next(event for event in events.values() if event.actor.request_id == its)
        actor = replace(event.actor, request_id=mark or its)
        again = EventId(UUID(int=event.id.int + 1))
        events.put(again, replace(event, id=again, actor=actor))
        events.apply()


def replace_answer(entry: Entry, answer: Answer | None) -> Entry:
    return Entry(entry.request, answer)


async def weather(folder: Path) -> Storm:
    store = MemoryStore()
    units = MemoryUnitOfWorkFactory(store, CountingIds())
    limen = Assembly(units)
    await limen.keys.ensure(actor=SETUP)
    await limen.roles.create(name=CREW, permissions=["crew.work"], actor=SETUP)
    journal = Journal(folder / "journal")
    client = Client(units, journal, Role(client=0, life=1, seed=7))
    for _ in range(REQUESTS):
        await client.act()
    journal.close()
    return Storm(store, units, list(read(folder / "journal")))


@pytest.fixture
def storm(tmp_path: Path) -> Storm:
    return asyncio.run(weather(tmp_path))


def test_a_client_that_nobody_kills_has_nothing_to_complain_of(storm: Storm) -> None:
    verdict = storm.judged()
    assert verdict.faults == []
    assert verdict.answered + verdict.refused == REQUESTS
    assert {entry.request.kind for entry in storm.entries} == set(KINDS)


def test_what_was_answered_and_is_not_there_is_lost(storm: Storm) -> None:
    storm.forget_events(storm.place("refresh"))
    assert len(storm.judged().lost) == 1


def test_what_is_there_twice_is_doubled(storm: Storm) -> None:
    storm.repeat_event(storm.place("sign in"))
    assert len(storm.judged().doubled) == 1


def test_what_was_refused_and_is_there_is_kept(storm: Storm) -> None:
    refused = storm.entries[storm.place("register again", REFUSED)].request.mark
    storm.repeat_event(storm.place("sign in"), refused)
    assert len(storm.judged().kept) == 1


def test_a_refusal_that_nothing_tells_is_lost(storm: Storm) -> None:
    storm.forget_events(storm.place("sign in wrongly", REFUSED))
    assert len(storm.judged().lost) == 1


def test_a_refusal_for_another_reason_is_told(storm: Storm) -> None:
    storm.answer(
        storm.place("register again", REFUSED), Answer(outcome=REFUSED, code="user.not_found")
    )
    assert storm.judged().others


def test_a_store_that_gave_up_did_nothing(storm: Storm) -> None:
    place = storm.place("sign in")
    storm.answer(place, Answer(outcome=REFUSED, code="storage.concurrent_update"))
    assert len(storm.judged().kept) == 1
    storm.forget_events(place)
    assert storm.judged().faults == []


@pytest.mark.parametrize("point", ["before commit (30)", "after commit (30)"])
async def test_a_client_looks_what_became_of_a_request_when_the_store_was_out(
    tmp_path: Path, point: str
) -> None:
    def be_out() -> None:
        raise StorageUnavailable

    course = Course(be_out)
    units = MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())
    journal = Journal(tmp_path / "journal")
    client = Client(CrashingUnits(units, course), journal, Role(client=0, life=1, seed=7))
    limen = Assembly(units)
    await limen.keys.ensure(actor=SETUP)
    await limen.roles.create(name=CREW, permissions=["crew.work"], actor=SETUP)
    course.end_at(point)
    for _ in range(REQUESTS):
        await client.act()
    journal.close()
    verdict = await judge(units, [list(read(tmp_path / "journal"))])
    assert verdict.faults == []
    assert verdict.unknown_done + verdict.unknown_not_done == 1


def test_what_should_have_been_refused_is_told(storm: Storm) -> None:
    storm.answer(storm.place("register again", REFUSED), Answer(outcome=ANSWERED))
    assert storm.judged().others


def test_half_an_import_is_told(storm: Storm) -> None:
    place = storm.place("import")
    events = storm.store.rows.events
    mark = storm.entries[place].request.mark
    events.pop(next(event.id for event in events.values() if event.actor.request_id == mark))
    events.apply()
    assert any("a part" in fault for fault in storm.judged().others)


@pytest.mark.parametrize(
    ("outcome", "is_there", "is_fault"),
    [
        (FOUND, True, False),
        (FOUND, False, True),
        (NOT_FOUND, False, False),
        (NOT_FOUND, True, True),
    ],
)
def test_what_was_seen_after_a_crash_stays_so(
    storm: Storm, outcome: str, is_there: bool, is_fault: bool
) -> None:
    place = storm.place("refresh")
    storm.answer(place, Answer(outcome=outcome))
    if not is_there:
        storm.forget_events(place)
    assert bool(storm.judged().faults) is is_fault


@pytest.mark.parametrize("is_there", [True, False])
def test_a_request_without_an_answer_may_be_done_or_not(storm: Storm, is_there: bool) -> None:
    place = storm.place("refresh")
    storm.answer(place, None)
    if not is_there:
        storm.forget_events(place)
    verdict = storm.judged()
    assert verdict.faults == []
    assert (verdict.unknown_done, verdict.unknown_not_done) == ((1, 0) if is_there else (0, 1))


def test_what_nobody_asked_for_is_told(storm: Storm) -> None:
    storm.repeat_event(storm.place("sign in"), "nobody")
    assert any("nobody asked for" in fault for fault in storm.judged().others)


def test_another_name_or_password_than_the_last_one_is_told(storm: Storm) -> None:
    rows = storm.store.rows
    user = next(iter(rows.users.values()))
    rows.users.put(user.id, replace(user, name="somebody else"))
    credential = next(c for c in rows.passwords.values() if c.user_id != user.id)
    rows.passwords.put(credential.user_id, replace(credential, digest=type(credential.digest)("x")))
    rows.apply()
    others = storm.judged().others
    assert any("is called" in fault for fault in others)
    assert any("another password" in fault for fault in others)


def test_an_account_that_is_gone_is_told(storm: Storm) -> None:
    rows = storm.store.rows
    rows.users.pop(next(iter(rows.users.values())).id)
    rows.apply()
    assert any("is not there" in fault for fault in storm.judged().others)


def test_a_line_that_was_not_written_whole_was_never_noted(tmp_path: Path) -> None:
    asyncio.run(weather(tmp_path))
    path = tmp_path / "journal"
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 5)
    assert len(list(read(path))) == REQUESTS
    assert list(read(path))[-1].answer is None
    journal = Journal(path)
    journal.end(Answer(outcome=NOT_FOUND))
    journal.close()
    assert list(read(path))[-1].answer == Answer(outcome=NOT_FOUND)


def test_the_same_seed_makes_the_same_requests(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (asyncio.run(weather(folder)).entries for folder in folders)
    assert one == two
