"""The real server: Granian in a process of its own, stopped, hurt and watched."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from limen.core.errors import SettingsInvalid
from limen.entrypoints.http.server import serve
from limen.wiring.settings import from_code
from tests.integration.http.serving import (
    PASSWORD,
    Server,
    client,
    end,
    is_alive,
    register,
    serving,
    sign_in,
)
from tests.integration.onlooker import until_waiting
from tests.waiting import PATIENCE, until, wait_until

# The test says when they go on, not how long they may wait.
PATIENT = f"""
from limen.adapters.sql import postgresql
from limen.entrypoints.http import server
postgresql._SERVER_SETTINGS["lock_timeout"] = "{PATIENCE}s"
postgresql._POOL_SECONDS = {PATIENCE}
server.KILL_AFTER_SECONDS = {PATIENCE:.0f}
"""


async def test_what_was_accepted_is_answered_before_the_server_stops(
    tmp_path: Path, postgres_url: str
) -> None:
    with serving(tmp_path, postgres_url, first=PATIENT) as server:
        async with client(server) as speaker:
            for number in range(4):
                await register(speaker, f"u{number}@example.org")
            async with holding_up(postgres_url):
                asked = [
                    asyncio.create_task(sign_in(speaker, f"u{number}@example.org"))
                    for number in range(4)
                ]
                await until_waiting(postgres_url, 4)
                server.process.send_signal(signal.SIGTERM)
                await until(lambda: "Shutting down" in server.log.read_text())
                assert not any(task.done() for task in asked)
            answers = await asyncio.gather(*asked)
            assert [answer.status_code for answer in answers] == [200] * 4
            assert await asyncio.to_thread(server.process.wait, PATIENCE) == 0
            with pytest.raises(httpx.TransportError):
                await speaker.get("/health/live")


@asynccontextmanager
async def holding_up(url: str) -> AsyncIterator[None]:
    """Let nobody begin a session."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE sessions IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "said", ["", "begun", "Starting granian", "Spawning worker-2", "Started worker-1"]
)
def test_a_stop_while_starting_is_a_stop(tmp_path: Path, sqlite_url: str, said: str) -> None:
    server = Server(tmp_path, sqlite_url, 2, first="print('begun', flush=True)\n")
    try:
        wait_until(lambda: said in server.log.read_text(), server.log.read_text)
        assert server.stop() in {0, -signal.SIGTERM}
    finally:
        end(server)


def test_ctrl_c_stops_too(tmp_path: Path, sqlite_url: str) -> None:
    with serving(tmp_path, sqlite_url, workers=2) as server:
        workers = server.workers()
        assert server.stop(signal.SIGINT) == 0
        assert not any(map(is_alive, workers))


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_killed_worker_is_replaced(tmp_path: Path, sqlite_url: str, workers: int) -> None:
    with serving(tmp_path, sqlite_url, workers=workers) as server:
        await until(lambda: len(server.workers()) == workers)
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)

        def is_replaced() -> bool:
            now = server.workers()
            return len(now) == workers and before[0] not in now

        await until(is_replaced)
        await asyncio.to_thread(server.wait_until_ready)
        assert server.stop() == 0


async def test_workers_do_not_outlive_their_parent(tmp_path: Path, sqlite_url: str) -> None:
    with serving(tmp_path, sqlite_url, workers=2) as server:
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        await until(lambda: not any(map(is_alive, workers)))


async def test_numbers_are_those_of_all_workers(tmp_path: Path, sqlite_url: str) -> None:
    with serving(tmp_path, sqlite_url, workers=2) as server:

        async def ask() -> None:
            # Each in a connection of its own, so that both workers get some.
            async with client(server) as speaker:
                assert (await speaker.get("/api/v1/me")).status_code == 401

        for _ in range(40):
            await ask()

        async def are_added_up() -> bool:
            async with client(server) as speaker:
                text = (await speaker.get("/metrics")).text
            name = 'limen_http_requests_total{method="GET",route="/api/v1/me",status="401"}'
            return f"{name} 40.0" in text

        await until(are_added_up)
        async with client(server) as speaker:
            text = (await speaker.get("/metrics")).text
        for part in ("hashing_active", "hashing_waiting", "pool_busy", "pool_size"):
            assert f'limen_load{{part="{part}"}}' in text


async def test_a_session_ended_at_one_worker_is_over_at_all(
    tmp_path: Path, sqlite_url: str
) -> None:
    with serving(tmp_path, sqlite_url, workers=2) as server:
        async with client(server) as speaker:
            await register(speaker, "ada@example.org")
            data = (await sign_in(speaker, "ada@example.org")).json()["data"]
        headers = {"authorization": f"Bearer {data['access_token']}"}

        async def statuses() -> set[int]:
            found = set()
            for _ in range(20):
                async with client(server) as speaker:
                    found.add(
                        (await speaker.get("/api/v1/auth/check", headers=headers)).status_code
                    )
            return found

        assert await statuses() == {204}
        async with client(server) as speaker:
            await speaker.post("/api/v1/auth/logout", headers=headers)

        async def is_over() -> bool:
            return await statuses() == {401}

        await until(is_over)


async def test_the_log_has_a_line_for_each_request_and_no_secret(
    tmp_path: Path, sqlite_url: str
) -> None:
    with serving(tmp_path, sqlite_url) as server:
        async with client(server) as speaker:
            await register(speaker, "ada@example.org")
            data = (await sign_in(speaker, "ada@example.org")).json()["data"]
            headers = {
                "authorization": f"Bearer {data['access_token']}",
                "x-request-id": "find-me",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            }
            await speaker.get("/api/v1/me", headers=headers)
            await speaker.get("/api/v1/users?q=secret-query&access_token=x", headers=headers)
            await speaker.post(
                "/api/v1/auth/login", json={"identifier": "a", "password": "hunter2"}
            )
            await speaker.post(
                "/api/v1/auth/refresh", json={"refresh_token": data["refresh_token"]}
            )
            await speaker.get("/no/such/secret-path")
        server.stop()
        text = server.log.read_text()
        for secret in (
            PASSWORD,
            "hunter2",
            "secret-query",
            "secret-path",
            data["access_token"],
            data["refresh_token"],
            "ada@example.org",
        ):
            assert secret not in text
        lines = [line for line in server.lines() if line["event"] == "request"]
        mine = next(line for line in lines if line["request_id"] == "find-me")
        assert mine["method"] == "GET"
        assert mine["route"] == "/api/v1/me"
        assert mine["status"] == 200
        assert mine["ms"] > 0
        assert mine["user_id"] == data["user"]["id"]
        assert mine["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert mine["level"] == "info"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", mine["timestamp"])
        lost = next(line for line in lines if line["route"] == "(none)")
        assert (lost["status"], lost["code"]) == (404, "http.route_not_found")
        assert any("granian" in str(line.get("logger")) for line in server.lines())


async def test_log_lines_can_be_for_people(tmp_path: Path, sqlite_url: str) -> None:
    with serving(tmp_path, sqlite_url, LIMEN_LOG_FORMAT="text") as server:
        async with client(server) as speaker:
            await speaker.get("/api/v1/me", headers={"x-request-id": "find-me"})
        server.stop()
        line = next(line for line in server.log.read_text().splitlines() if "find-me" in line)
        assert "status=401" in line
        assert "route=/api/v1/me" in line
        assert "\x1b[" not in line


async def test_quiet_is_quiet(tmp_path: Path, sqlite_url: str) -> None:
    with serving(tmp_path, sqlite_url, LIMEN_LOG_LEVEL="error") as server:
        async with client(server) as speaker:
            await speaker.get("/api/v1/me")
        server.stop()
        assert server.log.read_text() == ""


async def test_slow_and_oversized_requests_do_not_reach_the_application(
    tmp_path: Path, sqlite_url: str
) -> None:
    with serving(tmp_path, sqlite_url) as server:
        for raw, statuses in (
            (b"GET /health/live HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 200_000 + b"\r\n\r\n", {431}),
            (b"GET /health/live HTTP/1.1\r\n\r\n", {200, 400}),
            (b"nonsense\r\n\r\n", {400}),
            (b"GET /%ff%fe HTTP/1.1\r\nhost: a\r\n\r\n", {400, 404}),
            (b"GET /health/live HTTP/1.1\r\nhost: a\r\nx-bad: \xff\xfe\r\n\r\n", {200, 400}),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(raw)
            line = await asyncio.wait_for(reader.readline(), PATIENCE)
            writer.close()
            assert not line or int(line.split()[1]) in statuses, (raw[:60], line)
        async with client(server) as speaker:
            assert (await speaker.get("/health/live")).status_code == 200


def test_several_workers_cannot_share_a_memory() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        serve(from_code({"database_url": "memory://"}), workers=2)
    assert [fault.field for fault in refused.value.details] == ["LIMEN_DATABASE_URL"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104
def test_an_address_that_is_taken_is_refused(tmp_path: Path, host: str) -> None:
    with serving(tmp_path, "memory://") as server:
        options = {"database_url": "memory://", "http_host": host, "http_port": server.port}
        with pytest.raises(SettingsInvalid, match="LIMEN_HTTP_PORT cannot be listened on"):
            serve(from_code(options))


def test_an_address_of_another_machine_is_refused() -> None:
    options = {"database_url": "memory://", "http_host": "192.0.2.1"}
    with pytest.raises(SettingsInvalid, match="LIMEN_HTTP_PORT cannot be listened on at 192"):
        serve(from_code(options))


async def test_one_worker_serves_from_memory(tmp_path: Path) -> None:
    with serving(tmp_path, "memory://") as server:
        async with client(server) as speaker:
            await register(speaker, "ada@example.org")
            assert (await sign_in(speaker, "ada@example.org")).status_code == 200
        assert server.stop() == 0
