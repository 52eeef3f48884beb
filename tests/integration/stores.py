"""How limen's own stores are opened empty, again and again."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import asyncpg

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.store import OpenStore

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_REFERENCES: Final = (
    "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent "
    "FROM pg_constraint WHERE contype = 'f'"
)
# Nobody should be left from the test before; if somebody is, say so instead of waiting for ever.
_ALONE: Final = "SET lock_timeout = '10s';"


async def remember(url: str) -> str:
    """Copy every table into a schema of its own; return the statements that put it all back."""
    connection = await asyncpg.connect(url)
    try:
        parents = {row["tablename"]: set[str]() for row in await connection.fetch(_TABLES)}
        for row in await connection.fetch(_REFERENCES):
            parents[row["child"]].add(row["parent"])
        tables = tuple(TopologicalSorter(parents).static_order())
        copies = [f"CREATE TABLE pristine.{name} AS TABLE public.{name};" for name in tables]
        await connection.execute("CREATE SCHEMA pristine;" + "".join(copies))
    finally:
        await connection.close()
    # The names are the migrations' own.
    emptied = [f"DELETE FROM public.{name};" for name in reversed(tables)]  # noqa: S608
    filled = [f"INSERT INTO public.{name} TABLE pristine.{name};" for name in tables]
    return "".join([_ALONE, *emptied, *filled])


async def put_back(url: str, statements: str) -> None:
    """Run what `remember` returned."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


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


def put_back_of(url: str, statements: str) -> OpenStore:
    """Open the same PostgreSQL database each time, put back by what `remember` returned."""

    @asynccontextmanager
    async def open_put_back() -> AsyncIterator[UnitOfWorkFactory]:
        await put_back(url, statements)
        async with open_sql(url) as unit_of_work:
            yield unit_of_work

    return open_put_back
