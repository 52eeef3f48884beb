"""Starting servers on the measured core, and stopping them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.load.requests import HOST, request
from benchmarks.machine import family_of, on_core, processor_seconds, resident_megabytes

ROOT: Final = Path(__file__).resolve().parents[1]
PROGRAMS: Final = Path(sys.executable).parent

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0
_LOOK_AGAIN_SECONDS: Final = 0.002
# One worker, one thread, uvloop, HTTP/1: as `limen serve` runs it.
_GRANIAN: Final = (
    *("--interface", "asgi", "--http", "1", "--no-ws", "--no-access-log", "--no-log"),
    *("--workers", "1", "--runtime-mode", "st", "--loop", "uvloop"),
)


class ServerDidNotStart(Exception):
    """A server ended, or did not answer in time; its log is the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: one supervisor, one worker."""

    port: int
    pid: int
    seconds_to_answer: float

    def processor_seconds(self) -> float:
        """Return how long it has computed."""
        return processor_seconds(family_of(self.pid))

    def worker_megabytes(self) -> float:
        """Return the memory of its largest process beside the supervisor."""
        _, *workers = family_of(self.pid)
        return max(map(resident_megabytes, workers or (self.pid,)))

    def supervisor_megabytes(self) -> float:
        """Return the memory of the process that watches over the worker."""
        return resident_megabytes(self.pid)


@contextmanager
def application(name: str, core: int, log: Path, **environment: str) -> Iterator[Server]:
    """Serve an ASGI application of `benchmarks.limits` with Granian."""
    port = free_port()
    command = [PROGRAMS / "granian", *_GRANIAN, "--port", port, f"benchmarks.limits.{name}:app"]
    with _serving(command, environment, core, (port, "/"), log) as server:
        yield server


@contextmanager
def limen(core: int, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run `limen serve`; it is there once it is ready."""
    port = free_port()
    settings = {**environment, "LIMEN_HTTP_PORT": str(port)}
    command = [PROGRAMS / "limen", "serve"]
    with _serving(command, settings, core, (port, "/health/ready"), log) as server:
        yield server


@contextmanager
def _serving(
    command: Sequence[object],
    environment: Mapping[str, str],
    core: int,
    where: tuple[int, str],
    log: Path,
) -> Iterator[Server]:
    """Run a server on `core` and wait until its port answers a path with 200."""
    port, path = where
    question = request("GET", path).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    begin = time.perf_counter()
    with log.open("wb") as output, on_core(core):
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**_clean_environment(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _answers(port, question):
            if process.poll() is not None or time.perf_counter() - begin > _START_SECONDS:
                raise ServerDidNotStart(log.read_text(errors="replace")[-4000:])
            time.sleep(_LOOK_AGAIN_SECONDS)
        seconds = time.perf_counter() - begin
        yield Server(port=port, pid=process.pid, seconds_to_answer=seconds)
    finally:
        _stop(process)


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _clean_environment() -> dict[str, str]:
    """Return the environment without anybody's settings of limen."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LIMEN_")}


def _answers(port: int, question: bytes) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1) as line:
            line.sendall(question)
            return line.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    members = family_of(process.pid) if process.poll() is None else ()
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for pid in members:
            os.kill(pid, 9)
        process.wait()
