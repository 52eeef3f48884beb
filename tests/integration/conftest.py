"""A store for every test that asks for one: the same test runs on all of them.

`--storage` narrows. Each test has an empty, migrated store of its own.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.unit_of_work import UnitOfWorkFactory

_URL_FIXTURES = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}


@pytest.fixture
def storage_url(storage: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty store: memory, SQLite, PostgreSQL."""
    # Not asynchronous: the first one of a run migrates, and that needs a loop of its own.
    if storage == "memory":
        return "memory://"
    return str(request.getfixturevalue(_URL_FIXTURES[storage]))


@pytest_asyncio.fixture
async def unit_of_work(storage_url: str) -> AsyncIterator[UnitOfWorkFactory]:
    """Units of work on an empty store."""
    if storage_url == "memory://":
        yield MemoryUnitOfWorkFactory(MemoryStore(), SystemIds())
        return
    # Late, so that tests in memory run where SQLAlchemy is not installed.
    from limen.adapters.sql.database import open_database  # noqa: PLC0415
    from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory  # noqa: PLC0415

    database = open_database(storage_url)
    await database.open()
    try:
        yield SqlUnitOfWorkFactory(database, SystemIds())
    finally:
        await database.close()
