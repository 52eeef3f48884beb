"""The databases of a run: made by limen's migrations, filled by the driver alone."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import asyncpg

from benchmarks.limits.bulk import insert_into_postgresql, insert_into_sqlite
from benchmarks.people import id_of
from limen.adapters.sql.migrations.runner import upgrade
from limen.adapters.sql.sqlite import connect
from limen.testing.postgres import ThrowawayPostgres

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
STORAGES: Final = (SQLITE, POSTGRESQL)

# The person who may list everybody.
ADMINISTRATOR: Final = 0
_AT_ONCE: Final = 20_000
_SHOWN: Final = ("fsync", "synchronous_commit", "shared_buffers", "jit")
_GRANT: Final = "INSERT INTO grants (user_id, role, granted_at) SELECT id, 'admin', created_at"


class Store(Protocol):
    """One kind of store, with as many databases as are asked for."""

    name: str
    version: str

    async def create(self, name: str) -> str:
        """Make an empty, migrated database and return its URL."""
        ...

    async def fill(self, url: str, people: int) -> None:
        """Put that many people in, the first of them administrator."""
        ...

    async def drop(self, name: str) -> None:
        """Remove a database."""
        ...


class SqliteStore:
    """SQLite files in a folder."""

    name = SQLITE

    def __init__(self, folder: Path) -> None:
        """Keep the files in `folder`."""
        self._folder = folder
        self.version = f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL"

    async def create(self, name: str) -> str:
        """Copy the migrated file."""
        template = self._folder / "template.db"
        if not template.exists():
            await upgrade(f"sqlite:///{template}")
        shutil.copyfile(template, self._path(name))
        return f"sqlite:///{self._path(name)}"

    async def fill(self, url: str, people: int) -> None:
        """Insert many rows at a time."""
        path = Path(url.removeprefix("sqlite:///"))
        for numbers in _portions(people):
            insert_into_sqlite(path, numbers)
        connection = connect(path)
        connection.execute(f"{_GRANT} FROM users WHERE id = ?", (id_of(ADMINISTRATOR).bytes,))
        connection.execute("ANALYZE")
        connection.close()

    async def drop(self, name: str) -> None:
        """Remove the file and what lies beside it."""
        for suffix in ("", "-wal", "-shm"):
            self._path(name).with_name(f"{name}.db{suffix}").unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"


class PostgresqlStore:
    """Databases of a throw-away server that keeps every commit."""

    name = POSTGRESQL

    def __init__(self, server: ThrowawayPostgres, version: str) -> None:
        """Make databases on `server`."""
        self._server = server
        self.version = version

    async def create(self, name: str) -> str:
        """Copy the migrated database."""
        if not self._server.has_database("template_bench"):
            await upgrade(self._server.create_database("template_bench"))
        return self._server.create_database(name, "template_bench")

    async def fill(self, url: str, people: int) -> None:
        """Copy many rows at a time."""
        for numbers in _portions(people):
            await insert_into_postgresql(url, numbers)
        connection = await asyncpg.connect(url)
        await connection.execute(f"{_GRANT} FROM users WHERE id = $1", id_of(ADMINISTRATOR))
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
        await connection.close()

    async def drop(self, name: str) -> None:
        """Remove the database."""
        self._server.drop_database(name)


async def version_of(url: str) -> str:
    """Return what a PostgreSQL is, and which settings of it matter."""
    connection = await asyncpg.connect(url)
    shown = {name: await connection.fetchval(f"SHOW {name}") for name in _SHOWN}
    await connection.close()
    settings = ", ".join(f"{name}={value}" for name, value in shown.items())
    return f"PostgreSQL {connection.get_server_version().major}, {settings}"


def _portions(people: int) -> Iterator[range]:
    for first in range(0, people, _AT_ONCE):
        yield range(first, min(first + _AT_ONCE, people))
