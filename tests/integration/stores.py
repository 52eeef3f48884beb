"""How limen's own stores are opened empty, again and again."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import asyncpg

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.store import OpenStore

T = TypeVar("T")

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_REFERENCES: Final = (
    "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent "
    "FROM pg_constraint WHERE contype = 'f'"
)
# Nobody should be left from the test before; if somebody is, say so instead of waiting for ever.
_ALONE: Final = "SET lock_timeout = '10s';"


class Reusable:
    """A PostgreSQL database that is put back to what it was when this began.

    One connection does it, in a thread of its own: whoever asks may have an event loop or none, and
    to connect takes ten times as long as to put back.
    """

    def __init__(self, url: str, thread: ThreadPoolExecutor, runner: asyncio.Runner) -> None:
        """Do nothing yet: see `kept`."""
        self.url = url
        self._thread = thread
        self._runner = runner
        self._statements = ""

    @classmethod
    @contextmanager
    def kept(cls, url: str) -> Iterator[Self]:
        """Remember what the database is; let go of it at the end."""
        with asyncio.Runner() as runner, ThreadPoolExecutor(1) as thread:
            made = cls(url, thread, runner)
            made._do(made._connect()).result()
            try:
                yield made
            finally:
                made._do(made._connection.close()).result()

    def put_back(self) -> Future[str]:
        """Put everything back."""
        return self._do(self._connection.execute(self._statements))

    def _do(self, step: Coroutine[Any, Any, T]) -> Future[T]:
        return self._thread.submit(self._runner.run, step)

    async def _connect(self) -> None:
        self._connection = await asyncpg.connect(self.url)
        self._statements = await remember(self._connection)


async def remember(connection: asyncpg.Connection) -> str:
    """Copy every table into a schema of its own; return the statements that put it all back."""
    parents = {row["tablename"]: set[str]() for row in await connection.fetch(_TABLES)}
    for row in await connection.fetch(_REFERENCES):
        parents[row["child"]].add(row["parent"])
    tables = tuple(TopologicalSorter(parents).static_order())
    copies = [f"CREATE TABLE pristine.{name} AS TABLE public.{name};" for name in tables]
    await connection.execute("CREATE SCHEMA pristine;" + "".join(copies))
    # The names are the migrations' own.
    emptied = [f"DELETE FROM public.{name};" for name in reversed(tables)]  # noqa: S608
    filled = [f"INSERT INTO public.{name} TABLE pristine.{name};" for name in tables]
    return "".join([_ALONE, *emptied, *filled])


@asynccontextmanager
async def open_memory() -> AsyncIterator[UnitOfWorkFactory]:
    """Open a new store in memory."""
    yield MemoryUnitOfWorkFactory(MemoryStore(), SystemIds())


@asynccontextmanager
async def open_sql(url: str) -> AsyncIterator[UnitOfWorkFactory]:
    """Open the database at `url`."""
    # Late, so that tests in memory run where SQLAlchemy is not installed.
    from limen.adapters.sql.database import open_database  # noqa: PLC0415
    from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory  # noqa: PLC0415

    database = open_database(url)
    await database.open()
    try:
        yield SqlUnitOfWorkFactory(database, SystemIds())
    finally:
        await database.close()


def copies_of(template: Path, folder: Path) -> OpenStore:
    """Open a fresh copy of a SQLite file each time, in place of the one before."""

    @asynccontextmanager
    async def open_copy() -> AsyncIterator[UnitOfWorkFactory]:
        path = _fresh_copy(template, folder)
        async with open_sql(f"sqlite:///{path}") as unit_of_work:
            yield unit_of_work

    return open_copy


def _fresh_copy(template: Path, folder: Path) -> Path:
    for stale in folder.glob("store.sqlite*"):
        stale.unlink()
    return Path(shutil.copy(template, folder / "store.sqlite"))


def put_back_of(database: Reusable) -> OpenStore:
    """Open the same PostgreSQL database each time, put back."""

    @asynccontextmanager
    async def open_put_back() -> AsyncIterator[UnitOfWorkFactory]:
        await asyncio.wrap_future(database.put_back())
        async with open_sql(database.url) as unit_of_work:
            yield unit_of_work

    return open_put_back
