"""Databases for processes that are going to be killed: each process opens them for itself."""

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import asyncpg

from limen.adapters.sql.database import open_database
from limen.adapters.sql.statements import Bulk, Statement
from limen.adapters.sql.tables import metadata
from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.postgres import PostgresServer, ThrowawayPostgres
from limen.testing.store import SettlingStore
from tests.waiting import until

Fault = Callable[[UnitOfWorkFactory], UnitOfWorkFactory]
Picture = dict[str, list[str]]

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_ADAPTERS = "limen.adapters.sql."


def _compile_everything() -> None:
    """Do before anybody is born what a life of 200 ms has no time for."""
    adapters = [module for name, module in sys.modules.items() if name.startswith(_ADAPTERS)]
    found = [thing for module in adapters for thing in vars(module).values()]
    statements = [thing for thing in found if isinstance(thing, Statement)]
    statements += [thing._single for thing in found if isinstance(thing, Bulk)]
    for url in ("sqlite:///unused", "postgresql://unused/unused"):
        dialect = open_database(url).engine.dialect
        for statement in statements:
            statement.on(dialect)


@dataclass(frozen=True)
class SqlStore:
    """The database at `url`, reached through an adapter that may be broken by `fault`."""

    url: str
    fault: Fault | None = None
    make_ids: Callable[[], IdSource] = SystemIds

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWorkFactory]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWorkFactory]:
        database = open_database(self.url, pool_size=2)
        await database.open()
        units = SqlUnitOfWorkFactory(database, self.make_ids())
        try:
            yield units if self.fault is None else self.fault(units)
        finally:
            await database.close()

    def settle(self) -> None:
        """Wait until PostgreSQL is through with what dead clients sent; SQLite dies with them."""
        if self._is_postgresql:
            asyncio.run(_wait_for_silence(self.url))

    def picture(self) -> Picture:
        """Everything that is committed, to the last column; inside a running loop too."""
        if self._is_postgresql:
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(asyncio.run, _ask_postgresql(self.url)).result()
        return _ask_sqlite(self.url.removeprefix("sqlite:///"))

    @property
    def _is_postgresql(self) -> bool:
        return self.url.startswith("postgresql")


async def _wait_for_silence(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await until(lambda: _is_silent(connection))
    finally:
        await connection.close()


async def _is_silent(connection: asyncpg.Connection) -> bool:
    return not await connection.fetchval(_OTHERS)


async def _ask_postgresql(url: str) -> Picture:
    connection = await asyncpg.connect(url)
    try:
        return {name: _texts(await connection.fetch(_all_of(name))) for name in metadata.tables}
    finally:
        await connection.close()


def _ask_sqlite(path: str) -> Picture:
    connection = sqlite3.connect(path)
    try:
        return {name: _texts(connection.execute(_all_of(name))) for name in metadata.tables}
    finally:
        connection.close()


def _all_of(table: str) -> str:
    # The names are those of limen's own tables.
    return f"SELECT * FROM {table}"  # noqa: S608


def _texts(rows: "Sequence[object] | sqlite3.Cursor") -> list[str]:
    return sorted(repr(tuple(row)) for row in rows)  # type: ignore[arg-type]


@dataclass(frozen=True)
class KilledServer:
    """A database whose server is killed with its clients, every so many `rounds`."""

    server: ThrowawayPostgres
    store: SqlStore
    rounds: int = 1
    _passed: Iterator[int] = field(default_factory=partial(count, 1))

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWorkFactory]:
        return self.store()

    def settle(self) -> None:
        if next(self._passed) % self.rounds == 0:
            self.server.kill()
            self.server.start()
        self.store.settle()

    def __reduce__(self) -> tuple[type[SqlStore], tuple[str]]:
        """Go to the clients as the database alone."""
        return SqlStore, (self.store.url,)


class Places(Protocol):
    """Gives databases that are alike, one after the other."""

    def fresh(self) -> str:
        """Return the URL of the next one; the one before may go."""
        ...

    def stage(self) -> None:
        """Have all that come be as the last one is now; nobody may have it open."""
        ...


class SqlitePlaces:
    """Copies of a file."""

    def __init__(self, template: Path, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._count = 0

    def fresh(self) -> str:
        for path in self._folder.glob("crash-*"):
            path.unlink()
        self._count += 1
        return f"sqlite:///{shutil.copy(self._template, self._last)}"

    def stage(self) -> None:
        self._template = self._last.rename(self._folder / f"stage-{self._count}")

    @property
    def _last(self) -> Path:
        return self._folder / f"crash-{self._count}"


class PostgresPlaces:
    """Copies of a database on a server."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server = server
        self._template = template
        self._last = ""
        self._stages: list[str] = []

    def fresh(self) -> str:
        self._drop_last()
        self._last = f"crash_{uuid4().hex}"
        return self._server.create_database(self._last, self._template)

    def stage(self) -> None:
        self._template, self._last = self._last, ""
        self._stages.append(self._template)

    def clear(self) -> None:
        self._drop_last()
        for name in self._stages:
            self._server.drop_database(name)

    def _drop_last(self) -> None:
        if self._last:
            self._server.drop_database(self._last)


_compile_everything()
_can_settle: Sequence[type[SettlingStore]] = (SqlStore, KilledServer)
