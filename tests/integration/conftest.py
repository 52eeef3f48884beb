"""A store for every test that asks for one: the same test runs on all of them.

`--storage` narrows. Each test has an empty, migrated store of its own: a new one in memory, a copy
of a SQLite file (under 1 ms), or the PostgreSQL database of this worker, put back to what the
migrations made (7 ms; a copy of the template takes 35 ms to make and to drop).
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.machines.machine import OpenStore
from limen.testing.postgres import PostgresServer

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_REFERENCES: Final = (
    "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent "
    "FROM pg_constraint WHERE contype = 'f'"
)
# Nobody should be left from the test before; if somebody is, say so instead of waiting for ever.
_ALONE: Final = "SET lock_timeout = '10s';"


async def _remember(url: str) -> str:
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


async def _put_back(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres_of_worker(
    postgres: PostgresServer, postgres_template: str
) -> Iterator[tuple[str, str]]:
    """The URL of a database that this worker uses again and again, and how to put it back."""
    name = f"worker_{uuid4().hex}"
    url = postgres.create_database(name, postgres_template)
    yield url, asyncio.run(_remember(url))
    postgres.drop_database(name)


@pytest.fixture
def storage_url(storage: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty store: memory, SQLite, PostgreSQL."""
    # Not asynchronous: the first one of a run migrates, and that needs a loop of its own.
    if storage == "memory":
        return "memory://"
    if storage == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url, statements = request.getfixturevalue("postgres_of_worker")
    asyncio.run(_put_back(url, statements))
    return str(url)


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[UnitOfWorkFactory]:
    # Late, so that tests in memory run where SQLAlchemy is not installed.
    from limen.adapters.sql.database import open_database  # noqa: PLC0415
    from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory  # noqa: PLC0415

    database = open_database(url)
    await database.open()
    try:
        yield SqlUnitOfWorkFactory(database, SystemIds())
    finally:
        await database.close()


@pytest.fixture
def open_store(storage: str, request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Open an empty store; for tests that need one after the other."""
    # Not asynchronous, for the same reason.
    template = request.getfixturevalue("sqlite_template") if storage == "sqlite" else None
    postgres = request.getfixturevalue("postgres_of_worker") if storage == "postgresql" else None

    @asynccontextmanager
    async def open_empty() -> AsyncIterator[UnitOfWorkFactory]:
        if template is not None:
            path = shutil.copy(template, tmp_path / f"{uuid4().hex}.sqlite")
            async with _open(f"sqlite:///{path}") as unit_of_work:
                yield unit_of_work
        elif postgres is not None:
            url, statements = postgres
            await _put_back(url, statements)
            async with _open(url) as unit_of_work:
                yield unit_of_work
        else:
            yield MemoryUnitOfWorkFactory(MemoryStore(), SystemIds())

    return open_empty


@pytest_asyncio.fixture
async def unit_of_work(open_store: OpenStore) -> AsyncIterator[UnitOfWorkFactory]:
    """Units of work on an empty store."""
    async with open_store() as unit_of_work:
        yield unit_of_work
