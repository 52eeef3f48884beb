"""Databases that are stopped, locked, full or left in the middle of something."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from limen.adapters.sql import postgresql, sqlite
from limen.adapters.sql.database import Database, open_database
from limen.adapters.sql.migrations.runner import upgrade
from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from limen.core.errors import StorageReadOnly, StorageUnavailable
from limen.testing.builders import a_user
from limen.testing.fakes import CountingIds
from limen.testing.postgres import ThrowawayPostgres
from tests.integration.onlooker import until_waiting
from tests.waiting import PATIENCE, until


@asynccontextmanager
async def opened(url: str, pool_size: int = 2) -> AsyncIterator[Database]:
    database = open_database(url, pool_size=pool_size)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def units(database: Database) -> SqlUnitOfWorkFactory:
    return SqlUnitOfWorkFactory(database, CountingIds())


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_postgresql_that_is_out_is_unavailable_and_comes_back_by_itself(how: str) -> None:
    with ThrowawayPostgres(durable=True) as server:
        await upgrade(server.url)
        async with opened(server.url) as database:
            uow_factory = units(database)
            user = a_user()
            async with uow_factory() as uow:
                await uow.users.add(user)
                await uow.commit()
            getattr(server, how)()
            for _ in range(3):
                with pytest.raises(StorageUnavailable) as refused:
                    async with uow_factory.view() as view:
                        await view.users.get(user.id)
                assert refused.value.retry_after
                with pytest.raises(StorageUnavailable):
                    async with uow_factory() as uow:
                        await uow.users.lock(user.id)
            server.start()
            async with uow_factory.view() as view:
                assert await view.users.get(user.id) == user
            async with uow_factory() as uow:
                await uow.users.save(user.suspend(user.created_at))
                await uow.commit()


async def test_a_postgresql_that_stops_amid_a_change_undoes_it() -> None:
    with ThrowawayPostgres(durable=True) as server:
        await upgrade(server.url)
        async with opened(server.url) as database:
            user = a_user()
            async with units(database)() as uow:
                await uow.users.add(user)
                server.kill()
                with pytest.raises(StorageUnavailable):
                    await uow.commit()
            server.start()
            async with units(database).view() as view:
                assert await view.users.find(user.email) is None


async def test_a_postgresql_that_freezes_is_unavailable_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ThrowawayPostgres() as server:
        await upgrade(server.url)
        async with opened(server.url) as database:
            await database.ping()
            freeze(server, signal.SIGSTOP)
            try:
                with monkeypatch.context() as patch:
                    patch.setattr(postgresql, "_READ_SECONDS", 0.3)
                    patch.setattr(postgresql, "_RELEASE_SECONDS", 0.3)
                    for _ in range(3):
                        with pytest.raises(StorageUnavailable):
                            async with asyncio.timeout(PATIENCE):
                                await database.ping()
            finally:
                freeze(server, signal.SIGCONT)
            await database.ping()


def freeze(server: ThrowawayPostgres, how: signal.Signals) -> None:
    """Stop the server and all its processes in their tracks, or let them go on."""
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    listed = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    for process in (postmaster, *map(int, listed)):
        os.kill(process, how)


async def test_closing_waits_for_who_is_at_work_and_lets_them_finish(postgres_url: str) -> None:
    database = open_database(postgres_url)
    await database.open()
    user = a_user()
    async with units(database)() as uow:
        await uow.users.add(user)
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0)
        await uow.commit()
    await closing
    async with opened(postgres_url) as again, units(again).view() as view:
        assert await view.users.get(user.id) == user


async def test_cancelled_callers_leave_no_connection_in_use(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        user = a_user()
        async with units(database)() as uow:
            await uow.users.add(user)
            await uow.commit()
        async with units(database)() as holder:
            await holder.users.lock(user.id)

            async def wait_in_vain() -> None:
                async with units(database)() as uow:
                    await uow.users.lock(user.id)

            for _ in range(5):
                waiting = asyncio.create_task(wait_in_vain())
                await until_waiting(postgres_url, 1)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
        await until(lambda: not database.pool_stats().busy)
        async with units(database)() as uow:
            await uow.users.lock(user.id)


async def test_a_locked_sqlite_waits_then_is_unavailable_and_comes_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite.connect, "__kwdefaults__", {"busy_seconds": 0.2})
    path = sqlite_url.removeprefix("sqlite:///")
    async with opened(sqlite_url) as database:
        other = sqlite3.connect(path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageUnavailable) as refused:
                async with units(database)() as uow:
                    await uow.users.add(a_user())
            assert refused.value.retry_after
            other.execute("ROLLBACK")
        finally:
            other.close()
        async with units(database)() as uow:
            await uow.users.add(a_user())
            await uow.commit()


async def test_sqlite_waits_for_its_disk(sqlite_url: str) -> None:
    # No process that is killed can show it: only a machine that loses its power.
    async with opened(sqlite_url) as database:
        writer = database.engine.writer  # type: ignore[attr-defined]
        asked = {"journal_mode": "wal", "synchronous": 2}
        found = await writer.perform(
            lambda c: {name: c.execute(f"PRAGMA {name}").fetchone()[0] for name in asked}
        )
        assert found == asked


async def test_a_full_disk_is_unavailable_and_loses_nothing(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        kept = a_user()
        async with units(database)() as uow:
            await uow.users.add(kept)
            await uow.commit()
        # A database that may not grow stands for a disk that is full: SQLite says the same.
        writer = database.engine.writer  # type: ignore[attr-defined]
        pages = await writer.perform(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
        await writer.perform(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
        with pytest.raises(StorageUnavailable):
            await add_many(database)
        await writer.perform(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchone())
        async with units(database).view() as view:
            assert await view.users.get(kept.id) == kept


async def add_many(database: Database) -> None:
    async with units(database)() as uow:
        for _ in range(500):
            await uow.users.add(a_user())
        await uow.commit()


@pytest.mark.parametrize("store", ["sqlite_url", "postgres_url"])
async def test_a_view_writes_nothing(store: str, request: pytest.FixtureRequest) -> None:
    async with opened(request.getfixturevalue(store)) as database:
        user = a_user()
        async with units(database).view() as view:
            with pytest.raises(StorageReadOnly):
                await view.users.add(user)
            assert await view.users.find(user.email) is None
