"""Which tests run which lines of the core: the only ones that could notice a lie there."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

import pytest

from tests.mutants.mutant import CORE, ROOT, Covering
from tests.mutants.trial import SUITE, Broken, fork, run_tests

_SECONDS: Final = 600


class _Recorder:
    """Tells coverage which test is running, and how long each took."""

    def __init__(self) -> None:
        # Late: no other child needs it.
        import coverage  # noqa: PLC0415

        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=[str(CORE)])
        self.seconds: dict[str, float] = {"": 0}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        began = perf_counter()
        yield
        self.seconds[item.nodeid] = perf_counter() - began
        self.coverage.switch_context("")

    def covering(self) -> Covering:
        """Return what was found; a line that ran at an import has a test without a name."""
        data = self.coverage.get_data()
        lines = {
            str(Path(file).relative_to(ROOT)): {
                line: self._in_order(tests) for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        return Covering(lines, self._in_order(self.seconds))

    def _in_order(self, tests: Iterable[str]) -> list[str]:
        return sorted(tests, key=self.seconds.__getitem__)


def measure(folder: Path) -> tuple[Covering, float]:
    """Run the suite once on limen as it is; give the tests of each line and the suite's seconds.

    Raises `Broken` if it fails: then nothing can be said about mutants.
    """
    note, output = folder / "covering.json", folder / "covering.txt"

    def record() -> int:
        recorder = _Recorder()
        recorder.coverage.start()
        code = run_tests(SUITE, [recorder])
        recorder.coverage.stop()
        found = recorder.covering()
        note.write_text(json.dumps([found.lines, found.every, sum(recorder.seconds.values())]))
        return code

    _, status = os.waitpid(fork(record, _SECONDS, output), 0)
    if status:
        raise Broken(f"the tests fail without any mutant:\n{output.read_text()}")
    lines, every, seconds = json.loads(note.read_text())
    by_number = {
        file: {int(line): tests for line, tests in of_file.items()}
        for file, of_file in lines.items()
    }
    return Covering(by_number, every), seconds
