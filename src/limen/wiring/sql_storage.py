"""The store in an SQL database."""

from datetime import datetime

from limen.adapters.sql.database import open_database
from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.wiring.settings import DatabaseSettings
from limen.wiring.storage import PoolUse


class SqlStorage:
    """SQLite or PostgreSQL, as the URL says."""

    def __init__(self, settings: DatabaseSettings, ids: IdSource) -> None:
        """Prepare connections without making one."""
        self._settings = settings
        self.database = open_database(settings.url.reveal(), pool_size=settings.pool_size)
        self.units: UnitOfWorkFactory = SqlUnitOfWorkFactory(self.database, ids)

    async def migrate(self) -> None:
        """Bring the schema up to date."""
        # Alembic takes a third of a second to import, and most starts find nothing to do.
        from limen.adapters.sql.migrations.runner import upgrade  # noqa: PLC0415

        await upgrade(self._settings.url.reveal())

    async def open(self) -> None:
        """Get ready to connect; the folder of an SQLite file is made where there is none."""
        path = self._settings.sqlite_path
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self.database.open()

    async def ping(self) -> None:
        """Raise `StorageUnavailable` unless the database answers."""
        await self.database.ping()

    async def is_current(self) -> bool:
        """Tell whether every migration was run, and none that this version does not know."""
        return await self.database.is_current()

    async def now(self) -> datetime:
        """Return the time of the database's own clock."""
        return await self.database.now()

    def pool_use(self) -> PoolUse:
        """Return how busy the connections are."""
        stats = self.database.pool_stats()
        return PoolUse(limit=stats.limit, size=stats.size, busy=stats.busy)

    async def close(self) -> None:
        """Close all connections."""
        await self.database.close()
