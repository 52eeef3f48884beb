import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from limen.testing import postgres
from limen.testing.postgres import PostgresCannotRun, PostgresServer, ThrowawayPostgres, hold
from tests.waiting import wait_until


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
        "import signal\n"
        "server = ThrowawayPostgres()\n"
        "server.start()\n"
        "print(server.url, server.home, flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        url, home = owner.stdout.readline().split()
        assert ask(url, "SELECT 1") == 1
        owner.kill()
    wait_until(lambda: not Path(home).exists())
    with pytest.raises(ConnectionError):
        ask(url, "SELECT 1")


def test_a_server_that_was_left_outlives_who_started_it_without_a_complaint(
    tmp_path: Path,
) -> None:
    lifeline = tmp_path / "lifeline"
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from limen.testing.postgres import ThrowawayPostgres\n"
        "server = ThrowawayPostgres(lifeline=Path(sys.argv[1]))\n"
        "server.start()\n"
        "server.leave()\n"
        "print(server.url, server.home, flush=True)\n"
    )
    told = tmp_path / "told"
    command = [sys.executable, "-W", "error", "-c", code, str(lifeline)]
    with hold(lifeline):
        with told.open("wb") as output:
            subprocess.run(command, stdout=output, stderr=output, check=True)
        url, home = told.read_text().split()
        assert ask(url, "SELECT 1") == 1
    wait_until(lambda: not Path(home).exists())


def test_a_machine_without_postgresql_is_told_what_would_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "_installations", lambda: iter(()))
    with pytest.raises(PostgresCannotRun, match="PostgreSQL"):
        ThrowawayPostgres().start()
