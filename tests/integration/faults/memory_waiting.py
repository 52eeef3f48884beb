"""The repositories in memory: what they say of events and attempts that wait."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory import unit_of_work
from limen.adapters.memory.idempotency import MemoryAttempts
from limen.adapters.memory.outbox import MemoryOutbox, stored
from limen.adapters.memory.store import Rows
from limen.core.events import Event
from limen.core.idempotency.model import Attempt
from limen.core.ids import EventId, UserId
from limen.ports.outbox import StoredEvent
from limen.testing.builders import a_user_id, an_event
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import born_otherwise, do_nothing, purge_everything

fault = faults_of("memory")

# --- events --------------------------------------------------------------------------------------


@fault("TestOutbox::test_list_returns_nothing_in_a_new_store")
def a_store_is_born_with_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def put_event(rows: Rows) -> None:
        event_id = EventId(a_user_id())
        rows.events.put(event_id, stored(an_event(), event_id))

    born_otherwise(monkeypatch, put_event)


@fault("TestOutbox::test_list_returns_events_with_every_field")
def an_event_loses_what_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    def store_without(event: Event, event_id: EventId) -> StoredEvent:
        return replace(stored(event, event_id), payload={})

    monkeypatch.setattr(unit_of_work, "stored", store_without)


@fault("TestOutbox::test_list_returns_a_hundred_events_unless_asked_for_more")
def all_events_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    list_ = MemoryOutbox.list

    async def list_all(
        self: MemoryOutbox,
        *,
        after: EventId | None = None,
        user_id: UserId | None = None,
        limit: int = 10_000,
    ) -> tuple[StoredEvent, ...]:
        return await list_(self, after=after, user_id=user_id, limit=limit)

    monkeypatch.setattr(MemoryOutbox, "list", list_all)


@fault("TestOutbox::test_purge_removes_events_from_before")
def an_event_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemoryOutbox.purge

    async def purge_early(self: MemoryOutbox, before: datetime, limit: int) -> int:
        return await purge(self, before + timedelta(microseconds=1), limit)

    monkeypatch.setattr(MemoryOutbox, "purge", purge_early)


# --- attempts ------------------------------------------------------------------------------------


def begin_otherwise(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let what a beginning returns be changed."""
    begin = MemoryAttempts.begin

    async def begin_changed(
        self: MemoryAttempts, attempt: Attempt, *, abandoned_before: datetime
    ) -> Attempt | None:
        found: Attempt | None = change(
            await begin(self, attempt, abandoned_before=abandoned_before), attempt
        )
        return found

    monkeypatch.setattr(MemoryAttempts, "begin", begin_changed)


@fault("TestAttempts::test_begin_returns_the_answer_of_a_finished_attempt")
def an_answer_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_otherwise(monkeypatch, lambda found, _: found and replace(found, sealed=None))


@fault("TestAttempts::test_every_scope_is_claimed_for_itself")
def every_scope_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_otherwise(monkeypatch, lambda found, attempt: found or attempt)


@fault("TestAttempts::test_begin_replaces_an_attempt_that_was_abandoned")
def nothing_is_ever_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = MemoryAttempts.begin

    async def begin_patiently(
        self: MemoryAttempts, attempt: Attempt, *, abandoned_before: datetime
    ) -> Attempt | None:
        long_ago = abandoned_before - timedelta(days=999)
        return await begin(self, attempt, abandoned_before=long_ago)

    monkeypatch.setattr(MemoryAttempts, "begin", begin_patiently)


@fault("TestAttempts::test_finish_stores_the_answer")
def an_answer_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryAttempts, "finish")


@fault("TestAttempts::test_finish_does_nothing_for_a_scope_that_nobody_has")
def whoever_comes_may_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def finish(self: MemoryAttempts, attempt: Attempt) -> None:
        (await self._desk.write()).attempts.put(attempt.scope, attempt)

    monkeypatch.setattr(MemoryAttempts, "finish", finish)


@fault("TestAttempts::test_abandon_gives_the_scope_up")
def a_scope_cannot_be_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryAttempts, "abandon")


@fault("TestAttempts::test_abandon_does_nothing_for_a_scope_that_another_attempt_has")
def anybody_may_give_a_scope_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def abandon(self: MemoryAttempts, attempt: Attempt) -> None:
        rows = await self._desk.write()
        present = rows.attempts.get(attempt.scope)
        if present is not None and present.sealed is None:
            rows.attempts.pop(attempt.scope)

    monkeypatch.setattr(MemoryAttempts, "abandon", abandon)


@fault("TestAttempts::test_abandon_never_drops_an_answer")
def an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def abandon(self: MemoryAttempts, attempt: Attempt) -> None:
        (await self._desk.write()).attempts.pop(attempt.scope)

    monkeypatch.setattr(MemoryAttempts, "abandon", abandon)


@fault("TestAttempts::test_purge_removes_what_expired_before")
def an_attempt_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemoryAttempts.purge

    async def purge_early(self: MemoryAttempts, before: datetime, limit: int) -> int:
        return await purge(self, before + timedelta(microseconds=1), limit)

    monkeypatch.setattr(MemoryAttempts, "purge", purge_early)


@fault("TestAttempts::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_attempts_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryAttempts)
