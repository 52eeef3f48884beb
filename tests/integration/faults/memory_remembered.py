"""Remembered browsers in memory, broken on purpose."""

import pytest

from limen.adapters.memory.remembered import MemoryRemembered
from limen.adapters.memory.users import MemoryUsers
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import Remembered
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_losses import lose
from tests.integration.faults.memory_mail import purge_early

fault = faults_of("memory")


@fault("TestRemembered::test_find_returns_one_as_it_was_added")
def a_browser_forgets_what_it_showed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryRemembered, "add", previous_digest=None)


@fault("TestRemembered::test_find_returns_none_for_an_unknown_one")
def somebody_elses_browser_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryRemembered, _id: RememberedId) -> Remembered | None:
        return next((await self._desk.read()).remembered.values(), None)

    monkeypatch.setattr(MemoryRemembered, "find", find)


@fault("TestRemembered::test_add_raises_user_not_found_for_somebody_who_is_gone")
def nobody_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def add(self: MemoryRemembered, remembered: Remembered) -> None:
        (await self._desk.write()).remembered.put(remembered.id, remembered)

    monkeypatch.setattr(MemoryRemembered, "add", add)


@fault(
    "TestRemembered::test_list_returns_those_of_the_user_the_last_used_first",
    "TestRemembered::test_list_returns_at_most_200",
)
def browsers_are_listed_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryRemembered, user_id: UserId) -> tuple[Remembered, ...]:
        rows = await self._desk.read()
        return tuple(one for one in rows.remembered.values() if one.user_id == user_id)

    monkeypatch.setattr(MemoryRemembered, "list", find)


@fault("TestRemembered::test_renew_stores_what_a_use_changes")
def a_use_forgets_the_session_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryRemembered, "renew")


@fault(
    "TestRemembered::test_renew_raises_concurrent_update_for_what_was_used",
    "TestRemembered::test_renew_raises_concurrent_update_for_what_was_forgotten",
    "TestOneTime::test_of_many_who_use_one_remembered_browser_one_gets_through",
)
def a_browser_is_remembered_by_whatever_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def renew(self: MemoryRemembered, remembered: Remembered) -> None:
        (await self._desk.write()).remembered.put(remembered.id, remembered)

    monkeypatch.setattr(MemoryRemembered, "renew", renew)


@fault(
    "TestRemembered::test_remove_removes_those_of_this_user_alone",
    "TestRemembered::test_remove_only_one_takes_no_other_and_none_of_somebody_else",
    "TestRemembered::test_remove_keeps_that_of_a_session",
)
def all_browsers_are_forgotten_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(
        self: MemoryRemembered,
        _user_id: UserId,
        *,
        only: RememberedId | None = None,  # noqa: ARG001 - what is not looked at
        keep: SessionId | None = None,  # noqa: ARG001
    ) -> int:
        rows = await self._desk.write()
        found = [one.id for one in rows.remembered.values()]
        for remembered_id in found:
            rows.remembered.pop(remembered_id)
        return len(found)

    monkeypatch.setattr(MemoryRemembered, "remove", remove)


@fault("TestRemembered::test_remembered_browsers_go_with_their_user")
def a_browser_outlives_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    right = MemoryUsers.remove

    async def remove(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        own = [one for one in rows.remembered.values() if one.user_id == user_id]
        await right(self, user_id)
        for remembered in own:
            rows.remembered.put(remembered.id, remembered)

    monkeypatch.setattr(MemoryUsers, "remove", remove)


@fault("TestRemembered::test_purge_removes_what_was_over_before")
def a_purge_forgets_a_browser_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryRemembered)


@fault("TestRemembered::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_browsers_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryRemembered)
