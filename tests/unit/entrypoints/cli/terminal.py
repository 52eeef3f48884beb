"""A command on a pseudo-terminal, where somebody types."""

import contextlib
import os
import pty
import select
import signal
import sys
import termios
from pathlib import Path

from tests.unit.entrypoints.cli.shell import unmeasured
from tests.waiting import wait_until

LONGEST_WAIT = 120


class Terminal:
    """A pseudo-terminal with a command on it, whose limen is the one of this process."""

    def __init__(self, body: str, **environment: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:  # pragma: no cover - the child is another program
            wide = {"TERM": "xterm-256color", "COLUMNS": "200"}
            told = unmeasured() | wide | environment
            os.execve(sys.executable, [sys.executable, "-c", body], told)  # noqa: S606 - no shell

    def read_until(self, text: str) -> str:
        seen = ""
        with contextlib.suppress(OSError):
            while (
                text not in seen and self._has_more() and (some := os.read(self.descriptor, 4096))
            ):
                seen += some.decode()
        return seen

    def _has_more(self) -> bool:
        ready, _, _ = select.select([self.descriptor], [], [], LONGEST_WAIT)
        return bool(ready)

    def type(self, text: str, *, is_hidden: bool = False) -> None:
        # A hidden prompt throws away what was typed before it hid: it is seen a moment earlier.
        wait_until(lambda: not (is_hidden and self._is_echoing()))
        os.write(self.descriptor, text.encode())

    def _is_echoing(self) -> bool:
        return bool(termios.tcgetattr(self.descriptor)[3] & termios.ECHO)

    def end(self) -> tuple[str, int]:
        rest = self.read_until("\0")
        with contextlib.suppress(ProcessLookupError):
            # Whoever still waits for something to be typed would wait for ever.
            os.kill(self.pid, signal.SIGHUP)
        return rest, self._leave()

    def interrupt(self, *, is_hidden: bool = False) -> tuple[str, int]:
        """Press Ctrl-C, once: whoever is ending already, a second press would end otherwise.

        A prompt is seen a moment before it is read, and a press in that moment counts for nothing.
        """
        wait_until(lambda: not (is_hidden and self._is_echoing()) and self._is_asleep())
        os.write(self.descriptor, b"\x03")
        return self.read_until("\0"), self._leave()

    def _is_asleep(self) -> bool:
        state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "S"

    def _leave(self) -> int:
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


IN_MEMORY = """
import asyncio, sys
from contextlib import asynccontextmanager
from limen.testing.assembly import Assembly
from limen.entrypoints.cli.door import Opened
from limen.entrypoints.cli.house import House
from limen.entrypoints.cli.main import run

limen = Assembly()

@asynccontextmanager
async def open_it():
    yield Opened(services=limen)

with asyncio.Runner() as runner:
    def do(*words):
        return run(words, House(open=open_it, run=runner.run))
    sys.exit({body})
"""


def terminal(body: str, **environment: str) -> Terminal:
    return Terminal(IN_MEMORY.replace("{body}", body), **environment)
