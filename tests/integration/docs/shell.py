"""Console blocks of the documentation, typed into a shell as a reader would type them."""

import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from tests.ports import free_port
from tests.unit.docs.pages import ROOT
from tests.waiting import PATIENCE, wait_until

PORT = "8000"
END = "limen-docs-end-of-output"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REQUEST = re.compile(r"(?<=\"request_id\":\")[0-9a-f]{32}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z")


@dataclass(frozen=True)
class Step:
    """A command as it stands in a block, and the lines that are said to come out."""

    command: str
    expected: tuple[str, ...]


def steps(text: str) -> Iterator[Step]:
    """Take a block apart: `$ ` begins a command, `> ` continues it, the rest is output."""
    command: list[str] = []
    expected: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step("\n".join(command), tuple(expected))
            command, expected = [line[2:]], []
        elif line.startswith("> ") and not expected:
            command.append(line[2:])
        else:
            expected.append(line)
    if command:
        yield Step("\n".join(command), tuple(expected))


def fits(expected: tuple[str, ...], output: str) -> bool:
    """Tell whether output is what was said: `…` is anything, ids and instants are any."""
    said = _without_chance("\n".join(line.rstrip() for line in expected))
    found = _without_chance("\n".join(line.rstrip() for line in output.strip("\n").splitlines()))
    pattern = "[^\n]*".join(re.escape(part) for part in said.split("…"))
    return re.fullmatch(pattern, found) is not None


def _without_chance(text: str) -> str:
    return _INSTANT.sub("<instant>", _REQUEST.sub("…", _ID.sub("<id>", text)))


class Shell:
    """A bash in a folder of its own, with `limen` and no settings but the port."""

    def __init__(self, folder: Path) -> None:
        self.port = str(free_port())
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("LIMEN_")
        } | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LIMEN_HTTP_PORT": self.port,
            "COLUMNS": "200",
        }
        self._folder = folder
        self._bash = self._start(["bash", "--norc"])

    def run(self, command: str) -> str:
        """Type a command and return everything that comes out."""
        stdin, stdout = self._bash.stdin, self._bash.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{{ {self._here(command)}\n}} </dev/null\necho; echo {END}\n")
        stdin.flush()
        lines: list[str] = []
        for line in stdout:
            if line.strip() == END:
                break
            lines.append(line)
        return self._there("".join(lines).removesuffix("\n"))

    @contextmanager
    def serving(self, command: str, lines: int) -> Iterator[str]:
        """Run a server on a terminal; give the first lines it shows, once it answers."""
        master, terminal = pty.openpty()
        server = subprocess.Popen(
            ["bash", "-c", f"exec {self._here(command)}"],
            cwd=self._folder,
            env=self._environment,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        shown = bytearray()
        reader = Thread(target=_drain, args=(master, shown))
        reader.start()
        try:
            assert self._is_reachable(server), shown.decode()
            text = shown.decode().replace("\r\n", "\n")
            yield self._there("\n".join(text.split("\n")[:lines]))
        finally:
            server.terminate()
            server.wait(PATIENCE)
            reader.join(PATIENCE)
            os.close(master)

    def _is_reachable(self, server: subprocess.Popen[bytes]) -> bool:
        """Wait until the server answers, or never will."""

        def answers() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", int(self.port))):
                return True
            return False

        wait_until(lambda: answers() or server.poll() is not None)
        return server.poll() is None

    def close(self) -> None:
        """Leave the shell."""
        self._bash.communicate(timeout=PATIENCE)

    def _start(self, argv: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            argv,
            cwd=self._folder,
            env=self._environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _here(self, command: str) -> str:
        """Bring a command of the documentation to this folder and port."""
        moved = command.replace("./dev limen", "limen").replace("./dev serve", "limen serve")
        return moved.replace(f":{PORT}", f":{self.port}").replace("examples/", f"{ROOT}/examples/")

    def _there(self, output: str) -> str:
        return output.replace(f":{self.port}", f":{PORT}")


def _drain(master: int, shown: bytearray) -> None:
    """Read a terminal until nobody writes to it any more; a full one would stop the server."""
    with suppress(OSError):
        while piece := os.read(master, 4096):
            shown += piece
