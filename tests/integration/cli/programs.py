"""Running limen's programs and looking at what they leave."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from limen.core.actor import Actor
from limen.core.page import ListQuery
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import from_code
from tests.ports import free_port
from tests.unit.entrypoints.cli.shell import Ended, typed, unmeasured
from tests.waiting import PATIENCE, wait_until

OPERATOR: Final = Actor.system("test")
LIMEN: Final = (sys.executable, "-m", "limen.entrypoints.cli")


class Place:
    """A working directory with settings, and the processes started in it."""

    def __init__(self, *, folder: Path, url: str | None, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.data = folder / "var"
        self.url = url or f"sqlite:///{self.data / 'limen.db'}"
        self._patch = patch
        self._running: list[subprocess.Popen[bytes]] = []
        self.settings = {"LIMEN_DATA_DIR": str(self.data), "LIMEN_BCRYPT_COST": "10"}
        if url is not None:
            self.settings["LIMEN_DATABASE_URL"] = url

    @property
    def environment(self) -> dict[str, str]:
        """What a process here gets to know."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LIMEN_")}
        return clean | self.settings

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        """Run one command as a process of its own."""
        done = subprocess.run(
            [*LIMEN, *arguments],
            input=stdin.encode(),
            capture_output=True,
            env=self.environment,
            cwd=self.folder,
            check=False,
            timeout=PATIENCE,
        )
        return Ended(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    def type(self, *arguments: str, stdin: str = "") -> Ended:
        """Run one command in this process: quicker, and all the same wired as a real one."""
        with self._patch.context() as patched:
            for name in [name for name in os.environ if name.startswith("LIMEN_")]:
                patched.delenv(name)
            for name, value in self.settings.items():
                patched.setenv(name, value)
            patched.chdir(self.folder)
            return typed(patched, arguments, stdin=stdin)

    def start(
        self, *arguments: str, is_measured: bool = True, **more: Any
    ) -> subprocess.Popen[bytes]:
        """Start a process, away from any terminal."""
        started = subprocess.Popen(
            [*LIMEN, *arguments],
            env=self.environment if is_measured else unmeasured() | self.settings,
            cwd=self.folder,
            start_new_session=True,
            **more,
        )
        self._running.append(started)
        return started

    def leave(self) -> None:
        """End what was started here."""
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def count(self) -> int:
        """Count the users in the store."""

        async def counted() -> int:
            # Nothing is written: somebody else may be writing all the time.
            settings = from_code({"database_url": self.url, "data_dir": str(self.folder / "aside")})
            async with open_container(settings, migrate=False) as container:
                query = ListQuery(filters={}, count="exact", limit=1)
                return (await container.users().list(query, actor=OPERATOR)).total or 0

        return asyncio.run(counted())


class Server:
    """`limen serve` in a place."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = place.folder / f"server-{self.port}.log"
        with self.log.open("wb") as log:
            self.process = place.start(
                "serve", "--port", str(self.port), *arguments, stdout=log, stderr=log
            )

    @property
    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text()

    def wait(self) -> "Server":
        """Wait until it can work."""
        wait_until(self._is_ready, lambda: self.said)
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.said
        try:
            return httpx.get(f"{self.url}/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def post(self, path: str, body: dict[str, str]) -> httpx.Response:
        """Send a body to a route of the API."""
        return httpx.post(f"{self.url}/api/v1{path}", json=body, timeout=PATIENCE)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return how it ended."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)
