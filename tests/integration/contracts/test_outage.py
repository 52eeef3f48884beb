"""A store that cannot be reached says so, whatever it is asked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limen.adapters.sql.database import open_database
from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.contracts.outage import OutageContract


class TestPostgresqlThatIsOut(OutageContract):
    @pytest.fixture
    async def unit_of_work(self) -> AsyncIterator[UnitOfWorkFactory]:
        # Port 1 is nobody's.
        database = open_database("postgresql://nobody@127.0.0.1:1/nothing")
        await database.open()
        yield SqlUnitOfWorkFactory(database, SystemIds())
        await database.close()


class TestSqliteThatIsNoDatabaseAnyMore(OutageContract):
    @pytest.fixture
    async def unit_of_work(self, sqlite_url: str) -> AsyncIterator[UnitOfWorkFactory]:
        database = open_database(sqlite_url)
        await database.open()
        _overwrite(sqlite_url)
        yield SqlUnitOfWorkFactory(database, SystemIds())
        await database.close()


def _overwrite(sqlite_url: str) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(b"overwritten by somebody" * 1000)
