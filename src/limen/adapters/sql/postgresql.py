"""PostgreSQL through asyncpg."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Final, NoReturn

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Dialect

from limen.adapters.sql.engine import Channel, Engine, PoolStats, Result
from limen.adapters.sql.errors import from_sqlstate, unavailable
from limen.adapters.sql.statements import Call, Compiled

# Seconds. A connection, a free place in the pool, one statement; then the store does not answer.
_CONNECT_SECONDS: Final = 5.0
_POOL_SECONDS: Final = 5.0
_READ_SECONDS: Final = 10.0
_STATEMENT_SECONDS: Final = 30.0
_ROLLBACK_SECONDS: Final = 5.0
# A connection that is being given back may still wait for a statement to be cancelled.
_RELEASE_SECONDS: Final = 2.0
# Less than a server is given to stop.
_CLOSE_SECONDS: Final = 5.0

_SERVER_SETTINGS: Final = {
    "application_name": "limen",
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
}
_STATEMENTS_KEPT: Final = 500
_PARAMETER: Final = re.compile(r"\$(\d+)")

_Connection = PoolConnectionProxy


class PostgresqlEngine:
    """A pool of connections to one PostgreSQL database.

    A server that is out is no error until something is asked of it, and needs no restart here
    when it is back: the pool throws broken connections away and makes others.
    """

    def __init__(self, url: str, *, pool_size: int) -> None:
        """Connect to `url`, as libpq writes it, at most `pool_size` times."""
        self.dialect: Dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
        self._url = url
        self._limit = pool_size
        self._pool: asyncpg.Pool | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Make the pool; connections are made when they are needed."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._limit,
            timeout=_CONNECT_SECONDS,
            command_timeout=_STATEMENT_SECONDS,
            server_settings=_SERVER_SETTINGS,
            statement_cache_size=_STATEMENTS_KEPT,
            max_cached_statement_lifetime=0,
            reset=_keep_as_it_is,
        )

    async def close(self) -> None:
        """Close the pool when all connections have come back, or after a while all the same."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    def reading(self) -> Channel:
        """Return a channel that takes a connection for each statement."""
        return _Reading(self)

    def writing(self) -> Channel:
        """Return a channel that keeps one connection for a transaction."""
        return _Writing(self)

    def stats(self) -> PoolStats:
        """Return how busy the pool is."""
        if self._pool is None:
            return PoolStats(limit=self._limit, size=0, busy=0)
        size = self._pool.get_size()
        return PoolStats(limit=self._limit, size=size, busy=size - self._pool.get_idle_size())

    async def acquire(self) -> _Connection:
        """Take a connection, waiting a bounded time for one."""
        async with asyncio.timeout(_POOL_SECONDS):
            return await self._opened().acquire()

    async def release(self, connection: _Connection) -> None:
        """Give a connection back that is in no transaction; one that is stuck is thrown away."""
        with suppress(TimeoutError, OSError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            await self._opened().release(connection, timeout=_RELEASE_SECONDS)

    async def undo(self, connection: _Connection) -> None:
        """Roll back and give the connection back, even if the caller is cancelled meanwhile."""
        task = asyncio.create_task(self._undo(connection))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        await asyncio.shield(task)

    async def _undo(self, connection: _Connection) -> None:
        try:
            # Whatever the connection believes: a statement may still be about to be cancelled.
            await connection.execute("ROLLBACK", timeout=_ROLLBACK_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
        await self.release(connection)

    def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            message = "the database is not open"
            raise RuntimeError(message)
        return self._pool


async def _keep_as_it_is(_connection: object) -> None:
    """Spare the round trip that resets a session, because nothing here changes one.

    Every path ends its transaction; none sets, listens or takes locks that outlive it.
    """


class _Reading:
    """Single statements, each on whichever connection is free."""

    __slots__ = ("_engine",)

    def __init__(self, engine: PostgresqlEngine) -> None:
        self._engine = engine

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:  # noqa: ARG002 - nothing to commit.
        """Run one call."""
        (call,) = calls
        try:
            connection = await self._engine.acquire()
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    return await _perform(connection, call)
            finally:
                await self._engine.release(connection)
        except Exception as error:  # noqa: BLE001 - each is translated, or raised as it is.
            _raise(error, call.compiled)

    async def leave(self) -> None:
        """Do nothing: nothing is kept."""


class _Writing:
    """One transaction on one connection, from its first statement on."""

    __slots__ = ("_connection", "_engine", "_is_over")

    def __init__(self, engine: PostgresqlEngine) -> None:
        self._engine = engine
        self._connection: _Connection | None = None
        self._is_over = False

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:
        """Run calls one after the other; begin before the first of all, commit behind the last.

        A whole change that is one statement, or can be written as one, needs neither.
        """
        if is_last and self._connection is None and calls and are_at_once(calls):
            return await self._run_at_once(calls)
        compiled = None
        result = Result((), 0)
        try:
            if calls and self._connection is None:
                self._connection = await self._engine.acquire()
                await self._connection.execute("BEGIN")
            for call in calls:
                compiled = call.compiled
                result = await _perform(self._connection, call)
            if is_last and self._connection is not None:
                compiled = None
                await self._connection.execute("COMMIT")
                self._is_over = True
        except Exception as error:  # noqa: BLE001 - each is translated, or raised as it is.
            _raise(error, compiled)
        return result

    async def _run_at_once(self, calls: Sequence[Call]) -> Result:
        """Run calls as one statement, which is a transaction by itself: one round trip for all."""
        first, *others = calls
        result = Result((), 0)
        try:
            connection = await self._engine.acquire()
            try:
                if others:
                    await connection.execute(*in_one(calls))
                else:
                    result = await _perform(connection, first)
            finally:
                await self._engine.release(connection)
        except asyncpg.DivisionByZeroError as error:
            raise first.or_else or error from error
        except Exception as error:  # noqa: BLE001 - each is translated, or raised as it is.
            _raise(error, first.compiled)
        return result

    async def leave(self) -> None:
        """Roll back what is open and give the connection back."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._is_over:
            await self._engine.release(connection)
        else:
            await self._engine.undo(connection)


def are_at_once(calls: Sequence[Call]) -> bool:
    """Tell whether calls may run in any order, as the parts of one statement do.

    No two touch one table, and only the first may find nothing to change or wait for others.
    """
    touched = [name for call in calls for name in call.compiled.touches]
    return len(set(touched)) == len(touched) and all(
        call.compiled.inserts and call.or_else is None for call in calls[1:]
    )


def in_one(calls: Sequence[Call]) -> tuple[Any, ...]:
    """Return one statement that does what several do that may run at once, and its parameters."""
    texts = tuple(call.compiled.sql for call in calls)
    sql = _write_in_one(texts, is_needed=calls[0].or_else is not None)
    return sql, *(value for call in calls for value in call.values)


@lru_cache(_STATEMENTS_KEPT)
def _write_in_one(texts: tuple[str, ...], *, is_needed: bool) -> str:
    """Write statements as parts of one; if the first must change a row and does not, it fails."""
    parts, shift = [], 0
    for place, text in enumerate(texts):
        numbers = [int(number) for number in _PARAMETER.findall(text)]
        shifted = _PARAMETER.sub(partial(_shifted, by=shift), text)
        parts.append(f"c{place} AS ({shifted}{' RETURNING 1' if is_needed and not place else ''})")
        shift += max(numbers, default=0)
    outcome = "1 / count(*) FROM c0" if is_needed else "1"
    return f"WITH {', '.join(parts)} SELECT {outcome}"


def _shifted(mark: re.Match[str], by: int) -> str:
    return f"${int(mark[1]) + by}"


async def _perform(connection: Any, call: Call) -> Result:
    if call.compiled.returns_rows:
        rows = await connection.fetch(call.compiled.sql, *call.values)
        return Result(rows, len(rows))
    status: str = await connection.execute(call.compiled.sql, *call.values)
    count = int(status.rpartition(" ")[2])
    if call.or_else is not None and count == 0:
        raise call.or_else
    return Result((), count)


def _raise(error: Exception, compiled: Compiled | None) -> NoReturn:
    """Raise what `error` means to the core, or `error` itself if it is a bug."""
    meaning: Exception | None = None
    if isinstance(error, asyncpg.PostgresError):
        constraint = getattr(error, "constraint_name", None)
        meaning = from_sqlstate(error.sqlstate or "", constraint, compiled)
    elif isinstance(error, asyncpg.DataError):
        pass
    elif isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError | OSError):
        # `OSError` covers `TimeoutError` and everything that breaks a connection.
        meaning = unavailable()
    if meaning is None:
        raise error
    raise meaning from error


_conforms: type[Engine] = PostgresqlEngine
