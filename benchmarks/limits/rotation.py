"""The least a rotation can do: one trip to the database that moves a family on and tells of it.

On PostgreSQL that is one statement; SQLite has none that writes two tables, so there it is one
transaction in one hop to the driver's thread.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import aiosqlite
import asyncpg
import uvloop

from benchmarks.figures import rate
from benchmarks.limits.answering import answer
from limen.adapters.sql.sqlite import connect

_CTE: Final = """
WITH rotated AS (
    UPDATE refresh_families
    SET generation = generation + 1, previous_digest = digest, digest = $2, rotated_at = now()
    WHERE session_id = $1 AND generation = $3 AND ended_at IS NULL
    RETURNING session_id
)
INSERT INTO outbox (id, name, at, actor, user_id, payload)
SELECT gen_random_uuid(), 'token.rotated', now(), '{"kind":"user"}', NULL, '{"generation":1}'
FROM rotated
"""
_UPDATE: Final = """
UPDATE refresh_families
SET generation = generation + 1, previous_digest = digest, digest = ?2, rotated_at = 1
WHERE session_id = ?1 AND generation = ?3 AND ended_at IS NULL
"""
_TELL: Final = """
INSERT INTO outbox (id, name, at, actor, user_id, payload)
VALUES (randomblob(16), 'token.rotated', 1, '{"kind":"user"}', NULL, '{"generation":1}')
"""
_RESET: Final = "UPDATE refresh_families SET generation = 1 WHERE session_id = $1"
_DIGEST: Final = bytes(32)
_POOL: Final = 10

Rotate = Callable[[UUID, int], Coroutine[Any, Any, None]]


class _Worker(aiosqlite.Connection):
    """The driver's thread, given whole pieces of work."""

    async def rotate(self, session_id: UUID, generation: int) -> None:
        """Rotate in one hop."""
        work = partial(_rotate, self._conn, session_id.bytes, generation)
        await self._execute(work)  # type: ignore[no-untyped-call]


def _rotate(connection: sqlite3.Connection, session_id: bytes, generation: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    done = connection.execute(_UPDATE, (session_id, _DIGEST, generation))
    assert done.rowcount == 1
    connection.execute(_TELL)
    connection.execute("COMMIT")


async def _rotate_on(pool: asyncpg.Pool, session_id: UUID, generation: int) -> None:
    status = await pool.execute(_CTE, session_id, _DIGEST, generation)
    assert status == "INSERT 0 1"


@asynccontextmanager
async def rotating(url: str, session_ids: Sequence[UUID]) -> AsyncIterator[Rotate]:
    """Set the families back to their first generation, and give what moves one on."""
    if url.startswith("sqlite:///"):
        worker = _Worker(partial(connect, Path(url.removeprefix("sqlite:///"))), 64)
        async with worker:
            for session_id in session_ids:
                await worker.execute_fetchall(_RESET.replace("$1", "?"), (session_id.bytes,))
            yield worker.rotate
        return
    async with asyncpg.create_pool(
        url, min_size=_POOL, max_size=_POOL, reset=keep_as_it_is
    ) as pool:
        await pool.executemany(_RESET, [(session_id,) for session_id in session_ids])
        yield partial(_rotate_on, pool)


async def _measure(url: str, session_ids: Sequence[UUID], seconds: float) -> float:
    async with rotating(url, session_ids) as rotate:
        return await _many(rotate, session_ids, seconds)


async def _many(rotate: Rotate, session_ids: Sequence[UUID], seconds: float) -> float:
    until = perf_counter() + seconds
    done: list[float] = []

    async def one(session_id: UUID) -> None:
        generation = 1
        while perf_counter() < until:
            await rotate(session_id, generation)
            generation += 1
            done.append(perf_counter())

    await asyncio.gather(*map(one, session_ids))
    return rate(done)


async def keep_as_it_is(_connection: object) -> None:
    """Spare the round trip that resets a connection, as limen does."""


def _answer(question: dict[str, Any]) -> dict[str, float]:
    session_ids = [UUID(text) for text in question["session_ids"]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figure = runner.run(_measure(question["url"], session_ids, question["seconds"]))
    return {"figure": figure}


if __name__ == "__main__":
    answer(_answer)
