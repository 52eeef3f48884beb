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


@pytest_asyncio.fixture
async def unit_of_work(
    storage: str, request: pytest.FixtureRequest
) -> AsyncIterator[UnitOfWorkFactory]:
    """Units of work on an empty store: in memory, on SQLite, on PostgreSQL."""
    if storage == "memory":
        yield MemoryUnitOfWorkFactory(MemoryStore(), SystemIds())
        return
    # Late, so that tests in memory run where SQLAlchemy is not installed.
    from limen.adapters.sql.database import open_database  # noqa: PLC0415
    from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory  # noqa: PLC0415

    url = request.getfixturevalue("sqlite_url" if storage == "sqlite" else "postgres_url")
    async with open_database(url) as database:
        yield SqlUnitOfWorkFactory(database, SystemIds())
