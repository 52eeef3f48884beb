"""Connections to PostgreSQL that are kept at hand between statements."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import func, select
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import postgresql
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.postgresql import PostgresqlEngine
from limen.adapters.sql.statements import Statement

PROCESS = Statement(select(func.pg_backend_pid()))
SLEEP = Statement(select(func.pg_sleep(bindparam("seconds"))))
END = Statement(select(func.pg_terminate_backend(bindparam("pid"))))


@pytest_asyncio.fixture
async def engine(postgres_url: str) -> AsyncIterator[PostgresqlEngine]:
    found = PostgresqlEngine(postgres_url, pool_size=2)
    await found.open()
    yield found
    await found.close()


def desk(engine: PostgresqlEngine) -> Desk:
    return Desk(engine.reading(), engine.dialect, is_writable=False)


async def process(engine: PostgresqlEngine) -> int:
    row = await desk(engine).fetch_one(PROCESS)
    assert row is not None
    return int(row[0])


async def test_the_connection_that_came_back_last_is_used_next(engine: PostgresqlEngine) -> None:
    assert len({await process(engine) for _ in range(5)}) == 1
    assert engine.stats().size == 1
    assert engine.stats().busy == 0


async def test_one_that_was_idle_for_long_is_thrown_away(
    engine: PostgresqlEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await process(engine)
    monkeypatch.setattr(postgresql, "_IDLE_SECONDS", 0.0)
    assert await process(engine) != before
    assert engine.stats().size == 1


async def test_one_that_broke_meanwhile_is_thrown_away(engine: PostgresqlEngine) -> None:
    first, _ = await asyncio.gather(process(engine), desk(engine).fetch_one(SLEEP, seconds=0.1))
    other = await process(engine)
    assert other != first
    await desk(engine).fetch_one(END, pid=first)
    # The next one to be taken is `other`; with that in use it is the turn of the broken one.
    await asyncio.sleep(0.1)
    found = await asyncio.gather(process(engine), process(engine))
    assert first not in found
    assert engine.stats().busy == 0


async def test_one_whose_statement_was_cancelled_is_not_kept(engine: PostgresqlEngine) -> None:
    task = asyncio.create_task(desk(engine).fetch_one(SLEEP, seconds=30))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await process(engine)
    assert engine.stats().busy == 0


async def test_who_waits_gets_one_before_any_is_kept(engine: PostgresqlEngine) -> None:
    found = await asyncio.gather(*(process(engine) for _ in range(40)))
    assert len(set(found)) == 2
    assert engine.stats().busy == 0
