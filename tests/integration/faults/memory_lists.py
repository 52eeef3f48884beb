"""Lists of users, endings of sessions and families in memory, one small lie at a time."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory import directory, keys, users
from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.store import Desk, Rows
from limen.adapters.memory.unit_of_work import MemoryUnitOfWork
from limen.core.ids import SessionId
from limen.core.keys.model import SigningKey
from limen.core.page import Count, Page, Selection
from limen.core.sessions.model import EndReason
from limen.core.users.model import Status, User
from limen.ports.families import Standing
from limen.testing.builders import a_user, an_event
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing

fault = faults_of("memory")

# --- lists ---------------------------------------------------------------------------------------


def list_otherwise(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let a page of users be changed, knowing the selection."""

    def select_changed(rows: Rows, selection: Selection, now: datetime) -> Page[User]:
        page: Page[User] = change(directory.select(rows, selection, now), selection)
        return page

    monkeypatch.setattr(users, "select", select_changed)


@fault("TestDirectory::test_a_list_is_the_filtered_and_sorted_users")
def a_page_is_turned_round(monkeypatch: pytest.MonkeyPatch) -> None:
    list_otherwise(monkeypatch, lambda page, _: replace(page, items=page.items[::-1]))


@fault("TestDirectory::test_an_offset_skips_rows_and_the_position_goes_on_from_there")
def an_offset_is_one_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    def select_early(rows: Rows, selection: Selection, now: datetime) -> Page[User]:
        earlier = replace(selection, offset=max(0, selection.offset - 1))
        return directory.select(rows, earlier, now)

    monkeypatch.setattr(users, "select", select_early)


@fault("TestDirectory::test_a_list_does_not_count_unless_asked")
def a_list_always_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    list_otherwise(monkeypatch, lambda page, _: replace(page, total=page.total or 0))


@fault("TestDirectory::test_an_estimated_count_is_a_number")
def an_estimate_is_not_even_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(page: Page[User], selection: Selection) -> Page[User]:
        return replace(page, total=None) if selection.count is Count.ESTIMATE else page

    list_otherwise(monkeypatch, change)


@fault("TestDirectory::test_an_empty_store_gives_an_empty_page")
def an_empty_page_has_somebody_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    list_otherwise(monkeypatch, lambda page, _: replace(page, items=page.items or (a_user(),)))


@fault("TestDirectory::test_a_position_stays_good_when_its_row_is_gone")
def a_position_is_lost_with_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def select_behind_a_row(rows: Rows, selection: Selection, now: datetime) -> Page[User]:
        everything = directory.select(rows, replace(selection, after=None, limit=10_000), now)
        after, sort = selection.after, selection.sort
        positions = [directory._Row(user, frozenset()).position(sort) for user in everything.items]
        if after is None or after in positions:
            return directory.select(rows, selection, now)
        return Page(items=(), total=None, next=None)

    monkeypatch.setattr(users, "select", select_behind_a_row)


# --- endings -------------------------------------------------------------------------------------


def end_otherwise(monkeypatch: pytest.MonkeyPatch, **changed: object) -> None:
    """Let sessions be ended with these arguments instead of what was asked."""
    end = MemorySessions.end

    async def end_changed(self: MemorySessions, *args: Any, **named: Any) -> tuple[SessionId, ...]:
        return await end(self, *args, **{**named, **changed})

    monkeypatch.setattr(MemorySessions, "end", end_changed)


@fault("TestSessionEndings::test_end_ends_every_session_of_this_user")
def one_session_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    end = MemorySessions.end

    async def end_one(self: MemorySessions, *args: Any, **named: Any) -> tuple[SessionId, ...]:
        of_user = (await self._desk.write()).user_sessions.get(args[0]) or frozenset()
        return await end(self, *args, **{"keep": max(of_user, default=None), **named})

    monkeypatch.setattr(MemorySessions, "end", end_one)


@fault("TestSessionEndings::test_end_only_ends_that_one")
def whoever_ends_one_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    end_otherwise(monkeypatch, only=None)


@fault("TestSessionEndings::test_every_reason_comes_back")
def every_ending_is_a_sign_out(monkeypatch: pytest.MonkeyPatch) -> None:
    end = MemorySessions.end

    async def sign_out(
        self: MemorySessions, user_id: Any, now: datetime, _reason: EndReason, **named: Any
    ) -> tuple[SessionId, ...]:
        return await end(self, user_id, now, EndReason.SIGNED_OUT, **named)

    monkeypatch.setattr(MemorySessions, "end", sign_out)


@fault("TestSessionEndings::test_purge_removes_what_ended_or_ran_out_before_and_its_family")
def what_ran_out_is_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def purge(self: MemorySessions, before: datetime, limit: int) -> int:
        assert before.year < limit + before.year
        await self._desk.write()
        return 0

    monkeypatch.setattr(MemorySessions, "purge", purge)


# --- families and keys ---------------------------------------------------------------------------


def standing_otherwise(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let what stands be changed, if anything does."""
    find = MemoryFamilies.find_standing

    async def find_changed(
        self: MemoryFamilies, session_id: SessionId, now: datetime
    ) -> Standing | None:
        found = await find(self, session_id, now)
        changed: Standing | None = found and change(found)
        return changed

    monkeypatch.setattr(MemoryFamilies, "find_standing", find_changed)


@fault("TestFamilies::test_find_standing_returns_sessions_that_ended_or_ran_out")
def what_ended_stands_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    standing_otherwise(monkeypatch, lambda found: found if found.session.ended_at is None else None)


@fault("TestFamilies::test_find_standing_returns_roles_whatever_the_status")
def who_is_not_active_stands_without_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    standing_otherwise(
        monkeypatch,
        lambda found: found if found.user.status is Status.ACTIVE else replace(found, roles=()),
    )


@fault("TestSigningKeys::test_purge_keeps_one_of_several_keys_from_the_same_instant")
def keys_of_one_instant_come_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_order(rows: Rows) -> tuple[SigningKey, ...]:
        named = sorted(rows.keys.values(), key=lambda key: key.id, reverse=True)
        return tuple(sorted(named, key=lambda key: key.signs_from))

    monkeypatch.setattr(keys, "_in_order", in_order)


# --- units of work -------------------------------------------------------------------------------


@fault("TestUnitOfWork::test_what_was_committed_is_there_for_everybody")
def a_commit_commits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryUnitOfWork, "commit")


@fault("TestUnitOfWork::test_a_commit_is_of_everything_that_was_written")
def a_commit_leaves_the_passwords_out(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = MemoryUnitOfWork.commit

    async def commit_most(self: MemoryUnitOfWork) -> None:
        self._rows.passwords._changes.clear()
        await commit(self)

    monkeypatch.setattr(MemoryUnitOfWork, "commit", commit_most)


@fault("TestUnitOfWork::test_an_empty_change_commits")
def a_commit_always_tells_something(monkeypatch: pytest.MonkeyPatch) -> None:
    told = property(lambda self: self._committed or (an_event(),))
    monkeypatch.setattr(MemoryUnitOfWork, "committed", told)


@fault("TestUnitOfWork::test_a_commit_happens_once_and_nothing_is_emitted_after_it")
def a_commit_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "close", lambda _self: None)


@fault("TestUnitOfWork::test_nothing_may_be_asked_of_what_was_left")
def what_was_left_is_still_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "refuse_closed", lambda _self: None)


@fault("TestUnitOfWork::test_after_a_refused_write_a_unit_of_work_goes_on_or_raises_runtime_error")
def what_follows_a_refusal_is_lost_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    apply, failed = Rows.apply, set[int]()

    def fail(self: Desk) -> None:
        failed.add(id(self._rows))

    def apply_unless_failed(self: Rows) -> None:
        if id(self) not in failed:
            apply(self)

    monkeypatch.setattr(Desk, "fail", fail)
    monkeypatch.setattr(Rows, "apply", apply_unless_failed)
