"""A store for every test that asks for one: the same test runs on all of them.

`--storage` narrows. Each test has an empty, migrated store of its own: a new one in memory, a copy
of a SQLite file (under 1 ms), or the PostgreSQL database of this worker, put back to what the
migrations made (1 ms; a copy of the template takes 35 ms to make and to drop).
"""

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.postgres import PostgresServer
from limen.testing.store import OpenStore
from tests.integration.stores import Reusable, copies_of, open_memory, put_back_of

# Less than what the contracts take for a deadlock.
TURN_SECONDS: Final = 30.0


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Let a crowd wait for its turn on a slow machine: what is tried is who waits, not how long."""
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("sqlalchemy"):
            # Late, so that tests in memory run where it is not installed.
            from limen.adapters.sql import postgresql, sqlite  # noqa: PLC0415

            patch.setitem(postgresql._SERVER_SETTINGS, "lock_timeout", f"{TURN_SECONDS:.0f}s")
            patch.setattr(postgresql, "_POOL_SECONDS", TURN_SECONDS)
            patch.setattr(sqlite, "_TURN_SECONDS", TURN_SECONDS)
        yield


@pytest.fixture(scope="session")
def postgres_of_worker(postgres: PostgresServer, postgres_template: str) -> Iterator[Reusable]:
    """A database that this worker uses again and again."""
    name = f"worker_{uuid4().hex}"
    with Reusable.kept(postgres.create_database(name, postgres_template)) as database:
        yield database
    postgres.drop_database(name)


@pytest.fixture
def storage_url(storage: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty store: memory, SQLite, PostgreSQL."""
    # Not asynchronous: the first one of a run migrates, and that needs a loop of its own.
    if storage == "memory":
        return "memory://"
    if storage == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    database: Reusable = request.getfixturevalue("postgres_of_worker")
    database.put_back().result()
    return database.url


@pytest.fixture
def open_store(storage: str, request: pytest.FixtureRequest) -> OpenStore:
    """Open an empty store; for tests that need one after the other."""
    # Not asynchronous, for the same reason.
    if storage == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        return copies_of(template, request.getfixturevalue("tmp_path"))
    if storage == "postgresql":
        return put_back_of(request.getfixturevalue("postgres_of_worker"))
    return open_memory


@pytest_asyncio.fixture
async def unit_of_work(open_store: OpenStore) -> AsyncIterator[UnitOfWorkFactory]:
    """Units of work on an empty store."""
    async with open_store() as unit_of_work:
        yield unit_of_work
