"""Units of work and views in memory, broken on purpose, one small lie at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from limen.adapters.memory.outbox import stored
from limen.adapters.memory.store import Desk, Rows
from limen.adapters.memory.unit_of_work import (
    MemoryUnitOfWork,
    MemoryUnitOfWorkFactory,
    MemoryView,
)
from limen.core.events import Event
from limen.core.ids import EventId
from limen.ports.unit_of_work import UnitOfWork, View
from tests.integration.faults.fault import faults_of

fault = faults_of("memory")


class _OpenFactory(MemoryUnitOfWorkFactory):
    """Lets everybody in at once."""

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        rows = self._store.rows.draft()
        desk = Desk(rows, is_writable=True)
        yield MemoryUnitOfWork(rows, desk, self._ids)


@fault(
    "TestConcurrency::test_of_many_attempts_one_takes_an_expired_scope_over",
    "TestConcurrency::test_of_many_first_credentials_one_is_added",
    "TestConcurrency::test_of_many_imports_of_one_account_one_is_added",
    "TestConcurrency::test_of_many_keys_with_one_id_one_is_added",
    "TestConcurrency::test_of_many_rotations_of_one_generation_one_gets_through",
    "TestConcurrency::test_of_many_saves_of_one_version_one_is_kept",
    "TestConcurrency::test_of_many_users_who_take_one_address_one_gets_it",
    "TestConcurrency::test_of_many_users_with_one_username_one_is_added",
    "TestLocks::test_a_role_is_never_removed_under_a_grant",
    "TestLocks::test_a_save_waits_for_a_lock_and_then_comes_too_late",
    "TestLocks::test_a_session_never_outlives_the_removal_of_its_user",
    "TestLocks::test_throttles_lock_counts_parallel_attempts_one_by_one",
    "TestLocks::test_who_waited_for_a_user_who_then_went_finds_nobody",
)
def nobody_waits_for_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_unit_of_work", _OpenFactory._unit_of_work)


@fault("TestUnitOfWork::test_leaving_without_commit_undoes_all_of_it")
def nothing_is_ever_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def write_through(self: MemoryUnitOfWorkFactory) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            try:
                yield MemoryUnitOfWork(rows, Desk(rows, is_writable=True), self._ids)
            finally:
                rows.apply()

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_unit_of_work", write_through)


@fault("TestUnitOfWork::test_leaving_by_an_error_undoes_all_of_it_and_lets_the_error_through")
def an_error_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def commit_on_error(self: MemoryUnitOfWorkFactory) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            try:
                yield MemoryUnitOfWork(rows, Desk(rows, is_writable=True), self._ids)
            except Exception:
                rows.apply()
                raise

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_unit_of_work", commit_on_error)


@fault("TestUnitOfWork::test_leaving_by_an_error_undoes_all_of_it_and_lets_the_error_through")
def an_error_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def swallow(self: MemoryUnitOfWorkFactory) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            try:
                yield MemoryUnitOfWork(rows, Desk(rows, is_writable=True), self._ids)
            except ValueError:
                raise
            except Exception:  # noqa: BLE001, S110 - that is the fault.
                pass

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_unit_of_work", swallow)


@fault("TestUnitOfWork::test_nobody_else_sees_a_write_before_its_commit")
def views_read_what_is_not_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    drafts: list[Rows] = []
    begin = Rows.draft

    def remember(self: Rows) -> Rows:
        drafts.append(begin(self))
        return drafts[-1]

    @asynccontextmanager
    async def view(self: MemoryUnitOfWorkFactory) -> AsyncIterator[View]:
        yield MemoryView(Desk(drafts[-1] if drafts else self._store.rows, is_writable=False))

    monkeypatch.setattr(Rows, "draft", remember)
    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_view", view)


@fault("TestView::test_a_view_refuses_to_write[users.add]")
def views_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "write", Desk.read)


@fault("TestView::test_a_view_never_waits_for_a_unit_of_work")
def views_wait_for_units_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def view(self: MemoryUnitOfWorkFactory) -> AsyncIterator[View]:
        # What would wait for ever gives up at once, or the run would take long.
        if self._store.lock.locked():
            raise TimeoutError
        yield MemoryView(Desk(self._store.rows, is_writable=False))

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_view", view)


@fault("TestUnitOfWork::test_being_cancelled_undoes_all_of_it_and_frees_every_lock")
def a_cancelled_caller_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def commit_on_cancel(self: MemoryUnitOfWorkFactory) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            try:
                yield MemoryUnitOfWork(rows, Desk(rows, is_writable=True), self._ids)
            except asyncio.CancelledError:
                rows.apply()
                raise

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_unit_of_work", commit_on_cancel)


@fault("TestUnitOfWork::test_events_of_a_change_that_was_undone_are_never_told")
def events_are_told_without_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    def emit(self: MemoryUnitOfWork, event: Event) -> None:

        event_id = EventId(self._ids.new())
        self._rows.events._rows[event_id] = stored(event, event_id)
        self._emitted.append(event)

    monkeypatch.setattr(MemoryUnitOfWork, "emit", emit)


@fault("TestUnitOfWork::test_events_are_in_the_outbox_once_the_change_is_committed")
def a_commit_forgets_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    async def commit(self: MemoryUnitOfWork) -> None:
        self._rows.apply()
        self._committed = tuple(self._emitted)

    monkeypatch.setattr(MemoryUnitOfWork, "commit", commit)
