"""What can only go wrong where many write at once: PostgreSQL, broken on purpose."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import literal_column, select, update
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import idempotency as sql_attempts
from limen.adapters.sql import keys as sql_keys
from limen.adapters.sql import roles as sql_roles
from limen.adapters.sql import sessions as sql_sessions
from limen.adapters.sql import throttles as sql_throttles
from limen.adapters.sql import users as sql_users
from limen.adapters.sql.engine import Desk, Result
from limen.adapters.sql.families import SqlFamilies
from limen.adapters.sql.idempotency import SqlAttempts
from limen.adapters.sql.postgresql import PostgresqlEngine, _perform
from limen.adapters.sql.sessions import SqlSessions
from limen.adapters.sql.statements import Call, Statement
from limen.adapters.sql.tables import refresh_families, sessions, throttles, users
from limen.adapters.sql.throttles import SqlThrottles
from limen.core.errors import ConcurrentUpdate
from limen.core.idempotency.model import Attempt
from limen.core.ids import UserId
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from tests.integration.faults.fault import ROUNDS, faults_of
from tests.integration.faults.sql import say, sort_by
from tests.integration.faults.sqlite_access import claim
from tests.integration.faults.sqlite_sessions import FAMILY, ROTATED

fault, race = faults_of("postgresql"), faults_of("postgresql", rounds=ROUNDS)


# --- locks that lock nothing ---------------------------------------------------------------------


@race("TestLocks::test_users_lock_lets_one_change_in_at_a_time")
def the_lock_of_a_user_locks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = select(*sql_users.COLUMNS).where(users.c.id == bindparam("id"))
    say(monkeypatch, sql_users, "_LOCK", seen)


@race("TestLocks::test_keys_lock_lets_one_decide_at_a_time")
def the_lock_of_the_keys_locks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_keys, "_LOCK", select(literal_column("1")))


@race("TestLocks::test_lock_administrators_lets_one_decide_at_a_time")
def the_last_administrators_leave_together(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_roles, "_LOCK", select(literal_column("1")))


@race("TestLocks::test_throttles_lock_counts_parallel_attempts_one_by_one")
def parallel_attempts_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = SqlThrottles.lock
    find = Statement(select(*sql_throttles._COLUMNS).where(throttles.c.key == bindparam("key")))

    async def look_before(
        self: SqlThrottles, keys: Sequence[str], now: datetime
    ) -> tuple[Throttle, ...]:
        rows = [await self._desk.fetch_one(find, key=key) for key in keys]
        await lock(self, keys, now)
        return tuple(
            Throttle(key=key, since=now, last_at=now) if row is None else sql_throttles._read(row)
            for key, row in zip(keys, rows, strict=True)
        )

    monkeypatch.setattr(SqlThrottles, "lock", look_before)


# --- read first, written later -------------------------------------------------------------------


@race("TestConcurrency::test_of_many_rotations_of_one_generation_one_gets_through")
def a_rotation_is_read_first_and_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    find = Statement(select(refresh_families.c.generation).where(FAMILY))
    write = Statement(update(refresh_families).where(FAMILY).values(ROTATED))

    async def rotate(self: SqlFamilies, family: RefreshFamily) -> None:
        row = await self._desk.fetch_one(find, session_id=family.session_id)
        if row is None or row[0] != family.generation - 1:
            raise ConcurrentUpdate
        names = ("session_id", *ROTATED)
        await self._desk.execute(write, **{name: getattr(family, name) for name in names})

    monkeypatch.setattr(SqlFamilies, "rotate", rotate)


@race("TestConcurrency::test_of_many_ends_each_ending_is_told_once")
def an_ending_is_told_to_several(monkeypatch: pytest.MonkeyPatch) -> None:
    end = SqlSessions.end
    find = Statement(
        select(sessions.c.id).where(sql_sessions._IS_USERS, sessions.c.ended_at.is_(None))
    )

    async def look_before(self: SqlSessions, user_id: UserId, *args: Any, **which: Any) -> Any:
        rows = await self._desk.fetch_all(find, user_id=user_id)
        told = await end(self, user_id, *args, **which)
        return told if any(which.values()) else tuple(row[0] for row in rows)

    monkeypatch.setattr(SqlSessions, "end", look_before)


@race("TestConcurrency::test_of_many_attempts_one_claims_the_scope")
def a_claim_is_read_first_and_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_attempts, "_CLAIM", claim(None))
    begin = SqlAttempts.begin

    async def look_before(
        self: SqlAttempts, attempt: Attempt, *, abandoned_before: datetime
    ) -> Attempt | None:
        row = await self._desk.fetch_one(sql_attempts._FIND, scope=attempt.scope)
        if row is not None:
            return sql_attempts._read(row)
        return await begin(self, attempt, abandoned_before=abandoned_before)

    monkeypatch.setattr(SqlAttempts, "begin", look_before)


@race("TestConcurrency::test_of_many_saves_of_one_version_one_is_kept")
def updates_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    whoever = update(users).where(users.c.id == bindparam("id"))
    say(monkeypatch, sql_users, "_SAVE", whoever.values(sql_users._CHANGED))


# --- transactions and views ----------------------------------------------------------------------


@fault("TestUnitOfWork::test_leaving_without_commit_undoes_all_of_it")
def nothing_is_ever_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def commit(self: PostgresqlEngine, connection: Any) -> None:
        await connection.execute("COMMIT")
        await self.release(connection)

    monkeypatch.setattr(PostgresqlEngine, "_undo", commit)


class InOneTransaction:
    """A way to read that never sees anything new."""

    def __init__(self, engine: PostgresqlEngine) -> None:
        self._engine = engine
        self._connection: Any = None

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:
        assert not is_last
        if self._connection is None:
            self._connection = await self._engine.acquire()
            await self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        return await _perform(self._connection, calls[0])

    async def leave(self) -> None:
        if self._connection is not None:
            await self._engine.undo(self._connection)


@fault("TestView::test_a_view_sees_what_is_committed_statement_by_statement")
def a_view_sees_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_in_one_transaction(engine: PostgresqlEngine) -> InOneTransaction:
        return InOneTransaction(engine)

    monkeypatch.setattr(PostgresqlEngine, "reading", read_in_one_transaction)


@fault("TestView::test_a_view_refuses_to_write[users.add]")
def views_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "_refuse_reader", lambda _self: None)


# --- texts ---------------------------------------------------------------------------------------


@fault(
    "TestDirectory::test_every_field_sorts_by_code_point_with_nothing_before_everything[name-False]"
)
def names_are_sorted_as_in_a_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    sort_by(monkeypatch, "name", users.c.name_key.collate("und-x-icu"))
