"""A shell whose limen is an assembly in memory."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from limen.entrypoints.cli.door import Opened
from limen.entrypoints.cli.house import House
from limen.entrypoints.cli.main import run
from limen.testing.assembly import Assembly

T = TypeVar("T")


def unmeasured() -> dict[str, str]:
    """Return the environment for a process that gets Ctrl-C.

    Measuring coverage takes a lock in whatever line runs, and one that Ctrl-C interrupts there
    is never given back.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        """What was asked for, out of its envelope."""
        assert self.document["success"] is True, self.out
        return self.document["data"]


class Shell:
    """Types commands, all against one limen, in one event loop."""

    def __init__(self, patch: pytest.MonkeyPatch, runner: asyncio.Runner) -> None:
        self.limen = Assembly()
        self._patch = patch
        self._runner = runner

    @classmethod
    def beside(cls, other: "Shell") -> "Shell":
        """Make a shell before another empty limen."""
        return cls(other._patch, other._runner)

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something of the library in the loop of the commands."""
        return self._runner.run(coroutine)

    def __call__(self, *arguments: str, stdin: str | bytes = b"") -> Ended:
        """Run one command."""
        house = House(open=self._open, run=self._runner.run)
        return typed(self._patch, arguments, stdin=stdin, house=house)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Opened]:
        yield Opened(services=self.limen, writers=2)


def typed(
    patch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    *,
    stdin: str | bytes = b"",
    house: House | None = None,
) -> Ended:
    """Run one command in this process, away from any terminal."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    with patch.context() as patched:
        patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        code = run(arguments, house)
    return Ended(code=code, out=written(out), err=written(err))


def written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
