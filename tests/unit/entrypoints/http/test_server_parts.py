"""The parts of the server that need no process of their own."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from limen.entrypoints.http import forks, server
from limen.wiring.settings import from_code
from tests.ports import free_port
from tests.waiting import until


class Granian:
    """Remembers how it was made, and runs the loader as a worker would."""

    made: dict[str, Any]

    def __init__(self, _target: str, **options: Any) -> None:
        Granian.made = options

    def serve(self, *, target_loader: Any, wrap_loader: bool) -> None:
        assert not wrap_loader
        self.made["app"] = target_loader()
        self.made["stoppable"] = forks._is_serving.is_set()


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """Give this thread back what it had blocked: a worker holds the signals that stop it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be the worker, and keep this process, its forks and its logging as they are."""
    monkeypatch.setattr(forks, "_watch_forks", lambda: None)
    monkeypatch.setattr(server, "configure", lambda _: None)
    monkeypatch.setattr(server, "Granian", Granian)
    # The worker is this very process: its parent lives.
    monkeypatch.setattr(os, "getppid", os.getpid)


@pytest.mark.usefixtures("in_this_process")
def test_one_worker_serves_as_asked(tmp_path: Path) -> None:
    port = free_port()
    settings = from_code(
        {
            "database_url": "memory://",
            "data_dir": tmp_path,
            "http_port": port,
            "log_level": "error",
        }
    )
    server.serve(settings)
    made = Granian.made
    assert (made["address"], made["port"], made["workers"]) == ("127.0.0.1", port, 1)
    assert made["respawn_failed_workers"]
    assert made["stoppable"]
    assert 0 < made["workers_kill_timeout"] < 10
    assert made["log_level"].value == "error"


@pytest.mark.usefixtures("in_this_process")
async def test_the_application_of_a_worker_opens_and_closes(tmp_path: Path) -> None:
    settings = from_code(
        {"database_url": "memory://", "data_dir": tmp_path, "http_port": free_port()}
    )
    server.serve(settings)
    app = Granian.made["app"]
    assert isinstance(app, Litestar)
    async with app.lifespan():
        await asyncio.sleep(0)


@pytest.mark.usefixtures("in_this_process")
def test_several_workers_share_their_numbers_for_as_long_as_they_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directories: list[Path] = []

    def load(_settings: object, directory: Path, _parent: int) -> None:
        assert directory.is_dir()
        directories.append(directory)

    monkeypatch.setattr(server, "_application", load)
    settings = from_code(
        {
            "database_url": f"sqlite:///{tmp_path}/x.db",
            "data_dir": tmp_path,
            "http_port": free_port(),
        }
    )
    server.serve(settings, workers=3)
    assert Granian.made["workers"] == 3
    assert not directories[0].exists()


async def test_a_worker_whose_parent_is_gone_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *what: killed.append(what))
    async with server._listening_to(parent=1_000_000_000):
        await until(lambda: killed)
    assert killed == [(os.getpid(), signal.SIGTERM)]


async def test_a_worker_whose_parent_lives_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []
    looks: list[int] = []

    def look() -> int:
        looks.append(1)
        return 1

    monkeypatch.setattr(server, "_WATCH_SECONDS", 0.0)
    monkeypatch.setattr(os, "kill", lambda *what: killed.append(what))
    monkeypatch.setattr(os, "getppid", look)
    async with server._listening_to(parent=1):
        await until(lambda: len(looks) > 3)
    assert killed == []
