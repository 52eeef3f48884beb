"""Units of work and views on SQLite, broken on purpose."""

import asyncio
import sqlite3
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Any

import pytest

from limen.adapters.sql import sqlite
from limen.adapters.sql.engine import Desk, Result
from limen.adapters.sql.outbox import EMIT, write_event
from limen.adapters.sql.sqlite import SqliteEngine, _Reading, _Writing
from limen.adapters.sql.statements import Bulk, Call
from limen.adapters.sql.unit_of_work import SqlUnitOfWork, SqlView
from tests.integration.faults.fault import faults_of
from tests.integration.faults.sql import outside

fault = faults_of("sqlite")


# --- whole or not at all -------------------------------------------------------------------------


@fault("TestUnitOfWork::test_leaving_without_commit_undoes_all_of_it")
def nothing_is_ever_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    leave = _Writing.leave

    async def commit_and_leave(self: _Writing) -> None:
        if self._writer is not None:
            await self._writer.perform(_commit_what_is_open)
        await leave(self)

    monkeypatch.setattr(_Writing, "leave", commit_and_leave)


def _commit_what_is_open(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("COMMIT")


def commit_when_left_by(monkeypatch: pytest.MonkeyPatch, reason: type[BaseException]) -> None:
    leave = SqlView.__aexit__

    async def commit_and_leave(
        self: SqlView,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and issubclass(kind, reason):
            await self._desk._channel.run((), is_last=True)
        await leave(self, kind, error, trace)

    monkeypatch.setattr(SqlView, "__aexit__", commit_and_leave)


@fault("TestUnitOfWork::test_leaving_by_an_error_undoes_all_of_it_and_lets_the_error_through")
def an_error_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    commit_when_left_by(monkeypatch, Exception)


@fault("TestUnitOfWork::test_being_cancelled_undoes_all_of_it_and_frees_every_lock")
def a_cancelled_caller_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    commit_when_left_by(monkeypatch, asyncio.CancelledError)


@fault("TestUnitOfWork::test_leaving_by_an_error_undoes_all_of_it_and_lets_the_error_through")
def an_error_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    leave = SqlView.__aexit__

    async def leave_in_silence(self: SqlView, *reason: Any) -> bool:
        await leave(self, *reason)
        return True

    monkeypatch.setattr(SqlView, "__aexit__", leave_in_silence)


@fault("TestUnitOfWork::test_a_refusal_half_way_undoes_what_went_before")
def every_statement_commits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _Writing.run

    async def run_and_commit(
        self: _Writing, calls: Sequence[Call], *, is_last: bool = True
    ) -> Result:
        assert is_last in {False, True}
        result = await run(self, calls, is_last=True)
        await self.leave()
        return result

    monkeypatch.setattr(_Writing, "run", run_and_commit)


@fault("TestUnitOfWork::test_a_failed_commit_changes_nothing")
def a_change_is_committed_in_two_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Desk.commit

    async def commit_events_first(
        self: Desk, bulk: Bulk, rows: Sequence[dict[str, object]]
    ) -> None:
        await self._channel.run([bulk.call(self.dialect, rows)], is_last=True)
        await self._channel.leave()
        await commit(self, bulk, [])

    monkeypatch.setattr(Desk, "commit", commit_events_first)


@fault("TestUnitOfWork::test_nothing_may_follow_a_commit[users.add]")
def what_follows_a_commit_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "refuse_over", lambda _self: None)


# --- what is seen --------------------------------------------------------------------------------


@fault("TestUnitOfWork::test_a_unit_of_work_sees_its_own_writes")
def own_writes_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Desk._run

    async def read_outside(self: Desk, call: Call) -> Result:
        is_read = self._is_writable and not call.compiled.writes
        return await run(outside(self) if is_read else self, call)

    monkeypatch.setattr(Desk, "_run", read_outside)


class OnTheWriter:
    """A way to read what is not committed."""

    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:
        assert not is_last
        return await self._engine.writer.perform(partial(sqlite._perform, calls))

    async def leave(self) -> None:
        """Leave nothing."""


@fault("TestUnitOfWork::test_nobody_else_sees_a_write_before_its_commit")
def reads_are_dirty(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_on_the_writer(engine: SqliteEngine) -> OnTheWriter:
        return OnTheWriter(engine)

    monkeypatch.setattr(SqliteEngine, "reading", read_on_the_writer)


class InOneTransaction:
    """A way to read that never sees anything new."""

    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine
        self._worker: Any = None

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:
        assert not is_last
        if self._worker is None:
            self._worker = await self._engine.readers.get()
            await self._worker.perform(lambda connection: connection.execute("BEGIN"))
        result: Result = await self._worker.perform(partial(sqlite._perform, calls))
        return result

    async def leave(self) -> None:
        if self._worker is not None:
            self._worker.post(sqlite._roll_back)
            self._engine.readers.put_nowait(self._worker)


@fault("TestView::test_a_view_sees_what_is_committed_statement_by_statement")
def a_view_sees_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_in_one_transaction(engine: SqliteEngine) -> InOneTransaction:
        return InOneTransaction(engine)

    monkeypatch.setattr(SqliteEngine, "reading", read_in_one_transaction)


@fault("TestView::test_a_view_refuses_to_write[users.add]")
def views_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "_refuse_reader", lambda _self: None)
    monkeypatch.setattr(sqlite, "_connect_to_read", sqlite.connect)


@fault("TestView::test_a_view_never_waits_for_a_unit_of_work")
def views_wait_for_units_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _Reading.run

    async def wait_for_turn(self: _Reading, calls: Sequence[Call]) -> Result:
        # What would wait for ever gives up at once, or the run would take long.
        if self._engine.turn.locked():
            raise TimeoutError
        return await run(self, calls)

    monkeypatch.setattr(_Reading, "run", wait_for_turn)


# --- events --------------------------------------------------------------------------------------


@fault("TestUnitOfWork::test_events_of_a_change_that_was_undone_are_never_told")
def events_are_told_without_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    leave = SqlUnitOfWork.__aexit__

    async def leave_and_tell(self: SqlUnitOfWork, *reason: Any) -> None:
        await leave(self, *reason)
        if self._emitted and not self._committed:
            rows = [write_event(event, self._ids.new()) for event in self._emitted]
            channel = self._desk._channel
            await channel.run([EMIT.call(self._desk.dialect, rows)], is_last=True)
            await channel.leave()

    monkeypatch.setattr(SqlUnitOfWork, "__aexit__", leave_and_tell)


@fault("TestUnitOfWork::test_events_are_in_the_outbox_once_the_change_is_committed")
def a_commit_forgets_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    async def commit_without(self: SqlUnitOfWork) -> None:
        await self._desk.commit(EMIT, [])
        self._committed = tuple(self._emitted)

    monkeypatch.setattr(SqlUnitOfWork, "commit", commit_without)


@fault("TestUnitOfWork::test_committed_tells_the_events_after_commit_and_none_before")
def events_pass_for_committed_when_they_are_emitted(monkeypatch: pytest.MonkeyPatch) -> None:
    emitted = property(lambda self: tuple(self._emitted))
    monkeypatch.setattr(SqlUnitOfWork, "committed", emitted)
