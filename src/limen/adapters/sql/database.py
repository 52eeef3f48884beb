"""The database: opened and closed by wiring, used by units of work."""

from datetime import datetime
from typing import Final

from sqlalchemy import column, literal_column, select, table

from limen.adapters.sql.columns import Words
from limen.adapters.sql.engine import Desk, Engine, PoolStats
from limen.adapters.sql.sqlite import SqliteEngine
from limen.adapters.sql.statements import Statement
from limen.adapters.sql.tables import REVISION, VERSION_TABLE
from limen.adapters.sql.urls import SqliteAddress, parse_url
from limen.core.errors import StorageOutdated

DEFAULT_POOL_SIZE: Final = 10

_revision: Final = table(VERSION_TABLE, column("version_num", Words))
_PING: Final = Statement(select(literal_column("1")))
_NOW: Final = Statement(select(literal_column("CURRENT_TIMESTAMP")))
_FIND_REVISION: Final = Statement(select(_revision.c.version_num))


class Database:
    """One database, SQLite or PostgreSQL: the same from here on."""

    def __init__(self, engine: Engine) -> None:
        """Work through `engine`."""
        self.engine = engine

    async def open(self) -> None:
        """Get ready; needs a running event loop.

        A SQLite file that cannot be opened raises `StorageUnavailable`; a PostgreSQL server that
        is out does so only when something is asked of it, and may come later.
        """
        await self.engine.open()

    async def close(self) -> None:
        """Close every connection, after those in use have come back."""
        await self.engine.close()

    async def ping(self) -> None:
        """Raise `StorageUnavailable` unless the database answers."""
        await self._reading().fetch_one(_PING)

    async def is_current(self) -> bool:
        """Tell whether the schema is the one this version needs, or a later one.

        A later one serves too: migrations only add what older workers do not know. Raises
        `StorageUnavailable`.
        """
        try:
            row = await self._reading().fetch_one(_FIND_REVISION)
        except StorageOutdated:
            return False
        return row is not None and str(row[0]) >= REVISION

    async def now(self) -> datetime:
        """Return the time of the database's own clock. Raises `StorageUnavailable`."""
        row = await self._reading().fetch_one(_NOW)
        told = row[0] if row is not None else None
        # SQLite tells it as text in UTC.
        return told if isinstance(told, datetime) else datetime.fromisoformat(f"{told}+00:00")

    def pool_stats(self) -> PoolStats:
        """Return how busy the connections are."""
        return self.engine.stats()

    def _reading(self) -> Desk:
        return Desk(self.engine.reading(), self.engine.dialect, is_writable=False)


def open_database(url: str, *, pool_size: int = DEFAULT_POOL_SIZE) -> Database:
    """Return the database at `url`, not opened yet; raise `ValueError` for what is no URL of one.

    At most `pool_size` connections are made.
    """
    address = parse_url(url)
    if isinstance(address, SqliteAddress):
        return Database(SqliteEngine(address.path, pool_size=pool_size))
    # Its driver is an extra, and takes a tenth of a second to import.
    from limen.adapters.sql.postgresql import PostgresqlEngine  # noqa: PLC0415

    return Database(PostgresqlEngine(address.url, pool_size=pool_size))
