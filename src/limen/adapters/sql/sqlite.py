"""SQLite through aiosqlite: one writer, a few readers, a thread each."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, cast

import aiosqlite
from sqlalchemy import ForeignKeyConstraint, Table
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Dialect

from limen.adapters.sql.engine import Channel, Engine, PoolStats, Result
from limen.adapters.sql.errors import MissingParent, from_sqlite, unavailable
from limen.adapters.sql.statements import Call, Compiled

T = TypeVar("T")

# Seconds to wait for the file, for one's turn, for the answer to a question.
_BUSY_SECONDS: Final = 5.0
_TURN_SECONDS: Final = 5.0
_READ_SECONDS: Final = 30.0
_MOST_READERS: Final = 4
_STATEMENTS_KEPT: Final = 500

# FULL: what was committed survives a power cut.
_PRAGMAS: Final = ("foreign_keys = ON", "synchronous = FULL", "temp_store = MEMORY")


def connect(path: Path, *, busy_seconds: float = _BUSY_SECONDS) -> sqlite3.Connection:
    """Open the file as limen wants it; a new one is readable for its owner alone."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, cached_statements=_STATEMENTS_KEPT
    )
    connection.execute("PRAGMA journal_mode = WAL")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


class _Worker(aiosqlite.Connection):
    """A connection and its thread, which does whole pieces of work at a time.

    A hop between threads costs more than a small statement: what belongs together goes over
    together.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)

    async def perform(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in the thread, after everything that was given to it before."""
        result: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return result

    def post(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Have `work` done in the thread, and do not wait for it."""
        if self._connection is not None:
            self._tx.put_nowait((None, partial(work, self._connection)))


class SqliteEngine:
    """One SQLite file."""

    def __init__(self, path: Path, *, pool_size: int) -> None:
        """Keep everything in the file `path`; read by at most `pool_size` connections."""
        self.dialect: Dialect = SQLiteDialect_aiosqlite(paramstyle="qmark")
        self._path = path
        self._readers_wanted = max(1, min(pool_size, _MOST_READERS))
        self._workers: list[_Worker] = []
        self.readers: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self.turn = asyncio.Lock()

    @property
    def writer(self) -> _Worker:
        """The one connection that writes; whoever uses it has the turn."""
        if not self._workers:
            message = "the database is not open"
            raise RuntimeError(message)
        return self._workers[0]

    async def open(self) -> None:
        """Open the file once to write and a few times to read."""
        self.readers = asyncio.LifoQueue()
        self.turn = asyncio.Lock()
        try:
            await self._start(connect)
            for _ in range(self._readers_wanted):
                await self._start(_connect_to_read)
                self.readers.put_nowait(self._workers[-1])
        except sqlite3.Error as error:
            await self.close()
            _raise(error, None)
        except OSError as error:
            await self.close()
            raise unavailable() from error

    async def close(self) -> None:
        """Close every connection, after the change that is under way or a bounded time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_TURN_SECONDS):
                await self.turn.acquire()
        workers, self._workers = self._workers, []
        for worker in reversed(workers):
            await worker.close()

    def reading(self) -> Channel:
        """Return a channel to the readers."""
        return _Reading(self)

    def writing(self) -> Channel:
        """Return a channel to the writer."""
        return _Writing(self)

    def stats(self) -> PoolStats:
        """Return how many connections are in use."""
        size = len(self._workers)
        idle = self.readers.qsize() + (not self.turn.locked())
        return PoolStats(limit=self._readers_wanted + 1, size=size, busy=max(0, size - idle))

    async def _start(self, connector: Callable[[Path], sqlite3.Connection]) -> None:
        self._workers.append(cast("_Worker", await _Worker(partial(connector, self._path))))


class _Reading:
    """Single statements, each on whichever reader is free."""

    __slots__ = ("_engine",)

    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:  # noqa: ARG002 - nothing to commit.
        """Run one call."""
        try:
            async with asyncio.timeout(_READ_SECONDS):
                worker = await self._engine.readers.get()
                try:
                    return await worker.perform(partial(_perform, calls))
                except asyncio.CancelledError:
                    await worker.interrupt()
                    raise
                finally:
                    self._engine.readers.put_nowait(worker)
        except TimeoutError as error:
            raise unavailable() from error
        except _CallFailed as failure:
            _raise(failure.error, failure.compiled)

    async def leave(self) -> None:
        """Do nothing: nothing is kept."""


class _Writing:
    """One transaction on the writer, from its first statement on."""

    __slots__ = ("_engine", "_writer")

    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine
        self._writer: _Worker | None = None

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:
        """Run calls in one hop, with the beginning before the first of all and the commit."""
        if not calls and self._writer is None:
            return Result((), 0)
        begins = self._writer is None
        writer = self._writer or await self._take_turn()
        try:
            return await writer.perform(partial(_perform, calls, begins=begins, commits=is_last))
        except _CallFailed as failure:
            _raise(failure.error, failure.compiled)
        except sqlite3.Error as error:
            _raise(error, None)

    async def leave(self) -> None:
        """Undo what was not committed and let the next one in.

        Nobody waits for the rollback: the thread does it before anything else that comes.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.post(_roll_back)
            self._engine.turn.release()

    async def _take_turn(self) -> _Worker:
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._engine.turn.acquire()
        except TimeoutError as error:
            raise unavailable() from error
        self._writer = self._engine.writer
        return self._writer


class _CallFailed(Exception):
    """Which call of several failed, and how."""

    def __init__(self, error: sqlite3.Error, compiled: Compiled) -> None:
        super().__init__(str(error))
        self.error = error
        self.compiled = compiled


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _perform(
    calls: Sequence[Call],
    connection: sqlite3.Connection,
    *,
    begins: bool = False,
    commits: bool = False,
) -> Result:
    if begins:
        connection.execute("BEGIN IMMEDIATE")
    result = Result((), 0)
    for call in calls:
        try:
            result = _perform_one(call, connection)
        except sqlite3.Error as error:
            raise _CallFailed(error, call.compiled) from error
        if call.or_else is not None and result.count == 0:
            raise call.or_else
    if commits:
        connection.execute("COMMIT")
    return result


def _perform_one(call: Call, connection: sqlite3.Connection) -> Result:
    compiled = call.compiled
    try:
        if call.is_many:
            return Result((), connection.executemany(compiled.sql, call.values).rowcount)
        cursor = connection.execute(compiled.sql, call.values)
    except sqlite3.IntegrityError as error:
        if (
            error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
            and compiled.table is not None
        ):
            raise MissingParent(_missing_parent(call, compiled.table, connection)) from error
        raise
    if compiled.returns_rows:
        rows = cursor.fetchall()
        return Result(rows, len(rows))
    return Result((), cursor.rowcount)


def _missing_parent(call: Call, table: Table, connection: sqlite3.Connection) -> str | None:
    """Find the foreign key that points nowhere: SQLite tells only that there is one."""
    rows = call.values if call.is_many else [call.values]
    for constraint in sorted(table.foreign_key_constraints, key=lambda found: str(found.name)):
        if any(_points_nowhere(constraint, call.compiled.names, row, connection) for row in rows):
            return str(constraint.name)
    return None


def _points_nowhere(
    constraint: ForeignKeyConstraint,
    names: Sequence[str],
    row: Sequence[Any],
    connection: sqlite3.Connection,
) -> bool:
    (element,) = constraint.elements
    if element.parent.name not in names:
        return False
    there = element.column
    question = f"SELECT 1 FROM {there.table.name} WHERE {there.name} = ?"  # noqa: S608 - our names.
    value = row[names.index(element.parent.name)]
    return connection.execute(question, (value,)).fetchone() is None


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _raise(error: sqlite3.Error, compiled: Compiled | None) -> NoReturn:
    """Raise what `error` means to the core, or `error` itself if it is a bug."""
    meaning = from_sqlite(error, compiled)
    if meaning is None:
        raise error
    raise meaning from error


_conforms: type[Engine] = SqliteEngine
