"""A real server in a process of its own, and how to talk to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from limen.entrypoints.http.server import KILL_AFTER_SECONDS
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_until

PASSWORD: Final = "correct horse battery"

_SCRIPT: Final = """
import asyncio, sys
from limen.entrypoints.http.logs import configure
from limen.entrypoints.http.server import serve
from limen.wiring.bootstrap import prepare
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import load

async def ready(settings):
    async with open_container(settings) as container:
        await prepare(container)

settings = load()
configure(settings.log)
if not settings.database.url.reveal().startswith("memory"):
    asyncio.run(ready(settings))
serve(settings, workers=int(sys.argv[1]))
"""


class Server:
    """A process that serves; what it says lies in `log`. It runs `first` before all else."""

    def __init__(
        self,
        directory: Path,
        url: str,
        workers: int,
        more: Mapping[str, str] | None = None,
        first: str = "",
    ) -> None:
        self.port = free_port()
        self.log = directory / "server.log"
        environment = {
            "PATH": os.environ["PATH"],
            "LIMEN_DATA_DIR": str(directory),
            "LIMEN_DATABASE_URL": url,
            "LIMEN_HTTP_PORT": str(self.port),
            "LIMEN_LOG_FORMAT": "json",
            "LIMEN_BCRYPT_COST": "10",
            **({"COVERAGE_PROCESS_START": path} if (path := coverage()) else {}),
            **(more or {}),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                (sys.executable, "-c", first + _SCRIPT, str(workers)),
                env=environment,
                stdout=log,
                stderr=log,
                cwd=directory,
            )

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        wait_until(self._is_ready, self.log.read_text)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.base}/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Ask the server to stop; return how it ended. Nobody had to be killed for it."""
        begun = time.monotonic()
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        # Granian says so of a worker, too, that has just ended and is still being taken down.
        is_late = time.monotonic() - begun >= KILL_AFTER_SECONDS
        assert not (is_late and "refused to gracefully stop" in self.log.read_text())
        return code

    def workers(self) -> list[int]:
        """Return the processes that the server started."""
        return children(self.process.pid)

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def coverage() -> str:
    return os.environ.get("COVERAGE_PROCESS_START", "")


def children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after[1]) == parent and after[0] != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@contextmanager
def serving(
    directory: Path, url: str, *, workers: int = 1, first: str = "", **more: str
) -> Iterator[Server]:
    """Run a server and end it, with its workers."""
    server = Server(directory, url, workers, more, first)
    try:
        server.wait_until_ready()
        yield server
    finally:
        end(server)


def end(server: Server) -> None:
    left = server.workers() if server.process.poll() is None else []
    server.process.kill()
    server.process.wait()
    for process in left:
        if is_alive(process):
            os.kill(process, signal.SIGKILL)


async def sign_in(client: httpx.AsyncClient, email: str) -> httpx.Response:
    body = {"identifier": email, "password": PASSWORD}
    return await client.post("/api/v1/auth/login", json=body)


async def register(client: httpx.AsyncClient, email: str) -> None:
    body = {"email": email, "password": PASSWORD}
    response = await client.post("/api/v1/auth/register", json=body)
    assert response.status_code == 201, response.text


def client(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.base, timeout=PATIENCE)
