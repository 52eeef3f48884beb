"""Runs migrations: whoever comes second waits for the first, and finds the work done."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import aiosqlite
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from limen.adapters.sql.errors import from_sqlite, from_sqlstate, unavailable
from limen.adapters.sql.sqlite import connect
from limen.adapters.sql.tables import REVISION, VERSION_TABLE
from limen.adapters.sql.urls import PostgresqlAddress, SqliteAddress, parse_url

_HERE: Final = Path(__file__).parent
_CONNECT_SECONDS: Final = 5.0
# How long to wait for somebody else's migration, in seconds, and how often to ask.
_LONGEST_MIGRATION: Final = 600.0
_ASK_EVERY: Final = 0.1
# Numbers of PostgreSQL's advisory locks are shared by everything in a database: "limen", schema.
_LOCK_NUMBER: Final = 0x6C696D656E_00


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A migration that was just applied or, if not `is_up`, taken back."""

    revision: str
    title: str
    is_up: bool


_turns: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()

Progress: TypeAlias = Callable[[Step], None]


async def upgrade(url: str, revision: str = "head", *, progress: Progress | None = None) -> None:
    """Bring the schema up to `revision`, whole or not at all; create a SQLite file if need be.

    Raises `ValueError` for what is no database URL, `StorageUnavailable` when the database is out
    or somebody else's migration takes too long.
    """
    await _migrate(url, partial(command.upgrade, revision=revision), progress)


async def downgrade(url: str, revision: str, *, progress: Progress | None = None) -> None:
    """Take the schema back to `revision` (`base` is nothing at all).

    What only newer ones hold is lost. Raises as `upgrade` does.
    """
    await _migrate(url, partial(command.downgrade, revision=revision), progress)


async def current(url: str) -> str | None:
    """Return the revision of the schema, `None` if there is none yet. Raises as `upgrade` does."""
    address = parse_url(url)
    if isinstance(address, SqliteAddress) and not address.path.exists():
        return None
    async with _connected(address) as connection:
        return await connection.run_sync(_read_revision)


async def is_current(url: str) -> bool:
    """Tell whether the schema is the one this version needs, or a later one."""
    revision = await current(url)
    return revision is not None and revision >= REVISION


async def _migrate(url: str, run: Callable[[Config], None], progress: Progress | None) -> None:
    address = parse_url(url)
    # Alembic keeps what it is doing in globals: within a process one after the other.
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with turn, _connected(address) as connection:
        if isinstance(address, PostgresqlAddress):
            await _wait_for_turn(connection)
        await connection.run_sync(_run, run, progress)
        if isinstance(address, SqliteAddress):
            await _refuse_orphans(connection)
        await connection.commit()


def _run(connection: Connection, run: Callable[[Config], None], progress: Progress | None) -> None:
    def tell(*, step: Any, **_others: Any) -> None:
        if progress is not None:
            progress(_step(step))

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, on_step=tell)
    run(config)


def _step(applied: Any) -> Step:
    script = applied.up_revision
    return Step(revision=script.revision, title=script.doc, is_up=applied.is_upgrade)


def _read_revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


async def _wait_for_turn(connection: AsyncConnection) -> None:
    """Take the lock that this connection keeps until it closes.

    Asked for again and again instead of waited for: a waiting statement would keep a snapshot,
    and an index that is built concurrently would wait for it in turn.
    """
    question = text("SELECT pg_try_advisory_lock(:number)")
    try:
        async with asyncio.timeout(_LONGEST_MIGRATION):
            while not await connection.scalar(question, {"number": _LOCK_NUMBER}):
                await connection.rollback()
                await asyncio.sleep(_ASK_EVERY)
    except TimeoutError as error:
        raise unavailable() from error
    await connection.commit()


async def _refuse_orphans(connection: AsyncConnection) -> None:
    orphans = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
    if orphans:
        message = f"the migration left rows behind that point nowhere: {orphans[:5]}"
        raise RuntimeError(message)


@asynccontextmanager
async def _connected(address: SqliteAddress | PostgresqlAddress) -> AsyncIterator[AsyncConnection]:
    engine = _engine_for(address)
    try:
        async with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        meaning = _meaning(error.orig)
        if meaning is None:
            raise
        raise meaning from error
    except (OSError, sqlite3.Error) as error:
        raise unavailable() from error
    finally:
        await engine.dispose()


def _meaning(error: object) -> Exception | None:
    cause = error.__cause__ if isinstance(error, BaseException) and error.__cause__ else error
    if isinstance(cause, sqlite3.Error):
        return from_sqlite(cause, None)
    return from_sqlstate(str(getattr(cause, "sqlstate", "") or ""), None, None)


def _engine_for(address: SqliteAddress | PostgresqlAddress) -> AsyncEngine:
    if isinstance(address, PostgresqlAddress):
        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=partial(_connect_to_postgresql, address.url),
            poolclass=NullPool,
        )
    engine = create_async_engine(
        "sqlite+aiosqlite://",
        async_creator=partial(_connect_to_sqlite, address.path),
        poolclass=NullPool,
    )
    event.listen(engine.sync_engine, "begin", _begin_immediately)
    return engine


async def _connect_to_postgresql(url: str) -> Any:
    import asyncpg  # noqa: PLC0415 - an extra.

    try:
        return await asyncpg.connect(url, timeout=_CONNECT_SECONDS)
    except asyncpg.PostgresError as error:
        meaning = from_sqlstate(error.sqlstate or "", None, None)
        raise meaning or error from error


async def _connect_to_sqlite(path: Path) -> aiosqlite.Connection:
    def connector() -> sqlite3.Connection:
        connection = connect(path, busy_seconds=_LONGEST_MIGRATION)
        # Tables that others point at are made anew at times; orphans are looked for at the end.
        connection.execute("PRAGMA foreign_keys = OFF")
        return connection

    return await aiosqlite.Connection(connector, iter_chunk_size=64)


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
