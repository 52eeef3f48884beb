"""Asking a measured program that runs on the measured core."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.machine import on_core, processor_seconds
from benchmarks.servers import ROOT


class Limit:
    """A program of `benchmarks.limits` that answers questions."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **question: object) -> dict[str, float]:
        """Have it measure once."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the measured program ended; its reason is above")
        answer: dict[str, float] = json.loads(line)
        return answer

    def processor_seconds(self) -> float:
        """Return how long it has computed."""
        return processor_seconds((self._process.pid,))


@contextmanager
def limit(name: str, core: int) -> Iterator[Limit]:
    """Run `benchmarks.limits.<name>` on `core`."""
    command = [sys.executable, "-m", f"benchmarks.limits.{name}"]
    with on_core(core):
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    try:
        yield Limit(process)
    finally:
        process.kill()
        process.wait()
