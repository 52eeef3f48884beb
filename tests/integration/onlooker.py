"""Looking at a PostgreSQL database from outside, to know that somebody waits there."""

from typing import Final

import asyncpg

from tests.waiting import until

_WAITING: Final = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def until_waiting(url: str, callers: int) -> None:
    """Return once at least so many callers wait for a lock of somebody else's."""
    connection = await asyncpg.connect(url)
    try:
        await until(lambda: _is(callers, connection))
    finally:
        await connection.close()


async def _is(callers: int, connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(_WAITING) >= callers)
