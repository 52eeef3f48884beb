import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from limen.testing import postgres
from limen.testing.postgres import PostgresCannotRun, PostgresServer, ThrowawayPostgres


def ask(url: str, statement: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_a_server_keeps_its_port_and_data_over_a_stop_and_a_kill() -> None:
    with ThrowawayPostgres(durable=True) as server:
        url = server.create_database("first")
        ask(url, "CREATE TABLE kept AS SELECT 7 AS number")
        server.stop()
        with pytest.raises(ConnectionError):
            ask(url, "SELECT 1")
        server.start()
        assert ask(url, "SELECT number FROM kept") == 7
        server.kill()
        server.start()
        assert ask(url, "SELECT number FROM kept") == 7
        home = server.home
    assert not home.exists()


async def test_a_killed_server_leaves_nobody_behind_who_could_still_answer() -> None:
    with ThrowawayPostgres() as server:
        connection = await asyncpg.connect(server.url)
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        # Work without a pause, in which a process would notice that its parent is gone.
        busy = asyncio.create_task(
            connection.execute("DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$")
        )
        await asyncio.sleep(0)
        server.kill()
        with pytest.raises(ProcessLookupError):
            os.kill(backend, 0)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await busy


def test_databases_are_made_copied_and_dropped(postgres: PostgresServer) -> None:
    first = postgres.create_database("copied_from")
    try:
        ask(first, "CREATE TABLE kept AS SELECT 7 AS number")
        second = postgres.create_database("copied_to", "copied_from")
        assert ask(second, "SELECT number FROM kept") == 7
        assert postgres.has_database("copied_to")
    finally:
        postgres.drop_database("copied_to")
        postgres.drop_database("copied_from")
    assert not postgres.has_database("copied_to")


def test_a_server_ends_with_its_owner_even_when_that_is_killed() -> None:
    code = (
        "from limen.testing.postgres import ThrowawayPostgres\n"
        "import time\n"
        "server = ThrowawayPostgres()\n"
        "server.start()\n"
        "print(server.url, server.home, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        url, home = owner.stdout.readline().split()
        assert ask(url, "SELECT 1") == 1
        owner.kill()
    for _ in range(200):
        if not Path(home).exists():
            break
        asyncio.run(asyncio.sleep(0.05))
    assert not Path(home).exists()
    with pytest.raises(ConnectionError):
        ask(url, "SELECT 1")


def test_a_machine_without_postgresql_is_told_what_would_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "_installations", lambda: iter(()))
    with pytest.raises(PostgresCannotRun, match="PostgreSQL"):
        ThrowawayPostgres().start()
