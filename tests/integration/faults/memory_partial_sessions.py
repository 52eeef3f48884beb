"""Partial sessions in memory, broken on purpose."""

from datetime import datetime

import pytest

from limen.adapters.memory.partial_sessions import MemoryPartialSessions
from limen.adapters.memory.users import MemoryUsers
from limen.core.ids import PartialSessionId, UserId
from limen.core.partial_sessions.model import PartialSession
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_losses import lose
from tests.integration.faults.memory_mail import purge_early

fault = faults_of("memory")


@fault("TestPartialSessions::test_find_returns_a_partial_session_as_it_was_added")
def a_partial_session_forgets_its_label(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryPartialSessions, "add", label="")


@fault("TestPartialSessions::test_find_returns_none_for_an_unknown_one")
def somebody_elses_sign_in_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryPartialSessions, _id: PartialSessionId) -> PartialSession | None:
        return next((await self._desk.read()).partial_sessions.values(), None)

    monkeypatch.setattr(MemoryPartialSessions, "find", find)


@fault("TestPartialSessions::test_add_raises_user_not_found_for_somebody_who_is_gone")
def nobody_signs_in_half(monkeypatch: pytest.MonkeyPatch) -> None:
    async def add(self: MemoryPartialSessions, partial: PartialSession) -> None:
        (await self._desk.write()).partial_sessions.put(partial.id, partial)

    monkeypatch.setattr(MemoryPartialSessions, "add", add)


@fault(
    "TestPartialSessions::test_consume_raises_partial_session_invalid_the_second_time",
    "TestPartialSessions::test_consume_raises_partial_session_invalid_from_its_end_on",
    "TestOneTime::test_of_many_who_finish_one_sign_in_one_wins",
)
def a_sign_in_is_finished_whenever_anybody_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def consume(
        self: MemoryPartialSessions, partial_id: PartialSessionId, _: datetime
    ) -> None:
        (await self._desk.write()).partial_sessions.pop(partial_id)

    monkeypatch.setattr(MemoryPartialSessions, "consume", consume)


@fault(
    "TestPartialSessions::test_consume_removes_this_one_and_no_other",
    "TestPartialSessions::test_consume_raises_partial_session_invalid_the_second_time",
)
def a_finished_sign_in_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryPartialSessions, "consume")


@fault("TestPartialSessions::test_remove_removes_those_of_this_user_alone")
def all_sign_ins_are_stopped_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryPartialSessions, _user_id: UserId) -> None:
        rows = await self._desk.write()
        for partial in list(rows.partial_sessions.values()):
            rows.partial_sessions.pop(partial.id)

    monkeypatch.setattr(MemoryPartialSessions, "remove", remove)


@fault("TestPartialSessions::test_partial_sessions_go_with_their_user")
def a_sign_in_outlives_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        user = rows.users.pop(user_id)
        if user is not None:
            rows.emails.pop(user.email.key)

    monkeypatch.setattr(MemoryUsers, "remove", remove)


@fault("TestPartialSessions::test_purge_removes_what_was_over_before")
def a_purge_stops_sign_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryPartialSessions)


@fault("TestPartialSessions::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_sign_ins_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryPartialSessions)


@fault(
    "TestPartialSessions::test_charge_counts_one_try_and_tells_that_there_were_fewer_than_most",
    "TestPartialSessions::test_charge_of_an_unknown_one_finds_no_try_left",
    "TestOneTime::test_of_many_codes_for_one_partial_session_as_many_get_through_as_tries_are_left",
)
def one_may_show_codes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def charge(_self: MemoryPartialSessions, _id: PartialSessionId, _most: int) -> bool:
        return True

    monkeypatch.setattr(MemoryPartialSessions, "charge", charge)
