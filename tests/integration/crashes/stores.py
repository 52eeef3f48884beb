"""Databases for processes that are going to be killed: each process opens them for itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import asyncpg

# Loaded before anybody is born: a life of 200 ms has no time for it.
from limen.adapters.sql import postgresql as _preloaded  # noqa: F401
from limen.adapters.sql.database import open_database
from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.unit_of_work import UnitOfWorkFactory

Fault = Callable[[UnitOfWorkFactory], UnitOfWorkFactory]

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_LOOKS = 2000


@dataclass(frozen=True)
class SqlStore:
    """The database at `url`, reached through an adapter that may be broken by `fault`."""

    url: str
    fault: Fault | None = None

    def open(self) -> AbstractAsyncContextManager[UnitOfWorkFactory]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWorkFactory]:
        database = open_database(self.url, pool_size=2)
        await database.open()
        units = SqlUnitOfWorkFactory(database, SystemIds())
        try:
            yield units if self.fault is None else self.fault(units)
        finally:
            await database.close()

    def settle(self) -> None:
        """Wait until PostgreSQL is through with what dead clients sent; SQLite dies with them."""
        if self.url.startswith("postgresql"):
            asyncio.run(_wait_for_silence(self.url))


async def _wait_for_silence(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for _ in range(_LOOKS):
            if not await connection.fetchval(_OTHERS):
                return
            await asyncio.sleep(0.005)
    finally:
        await connection.close()
    message = "the server still works for clients that are dead"
    raise TimeoutError(message)
