"""Running tests on a mutant, each in a process of its own.

This process never imports limen. A child is forked from it for every mutant, imports the mutated
text in the place of the module, and runs pytest; so the lie is told from the first import on, in
defaults and constants too, and no mutant ever meets another.
"""

import gc
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import _hypothesis_pytestplugin  # type: ignore[import-untyped]
import pytest
import pytest_asyncio.plugin
from hypothesis import Phase, settings

from tests.mutants.mutant import ROOT, Mutant, Outcome

SUITE: Final = ("tests/unit/core", "tests/integration/contracts/test_store.py")
_OPTIONS: Final = (
    "-x",
    "-q",
    "-o",
    "cache_dir=.cache/mutants/pytest",
    "--tb=short",
    "--storage",
    "memory",
)
_MOST_MEMORY: Final = 4 * 1024**3
_NOT_LOADED: Final = 70
_FAILED: Final = 71
# By pytest's own account: a test failed, or not even its module or conftest could be imported.
_KILLED: Final = (1, 2, 3, 4)

Pid = int


class Broken(Exception):
    """The trial itself went wrong, so it says nothing about the mutant."""


class Selection:
    """Runs these tests only, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._rank = {test: rank for rank, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self._rank]
        items[:] = sorted(chosen, key=lambda item: self._rank[item.nodeid])


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, text: bytes) -> None:
        super().__init__(name, path)
        self._text = text
        self.has_run = False

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        self.has_run = True
        code: CodeType = compile(self._text, self.path, "exec", dont_inherit=True)
        return code


class Finder(MetaPathFinder):
    """Finds the mutated text where the module's own would be found."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = mutant.module
        self.loader = _Loader(self._name, str(mutant.path), mutant.text)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self._name:
            return None
        return spec_from_file_location(fullname, self.loader.path, loader=self.loader)


def prepare() -> None:
    """Make what every child inherits: no plug-ins but ours, no chance, no examples kept."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    settings.register_profile(
        "mutants",
        database=None,
        derandomize=True,
        deadline=None,
        # One example that fails is enough, the smallest is of no use here.
        phases=[Phase.explicit, Phase.generate],
    )
    settings.load_profile("mutants")
    # Children need not look again at what they inherit.
    gc.collect()
    gc.freeze()


def start(mutant: Mutant, tests: Sequence[str], seconds: int) -> Pid:
    """Start the tests on a mutant in a child that lives no longer than `seconds`."""

    def attempt() -> int:
        finder = Finder(mutant)
        sys.meta_path.insert(0, finder)
        code = run_tests(sorted({test.partition("::")[0] for test in tests}), [Selection(tests)])
        return code if finder.loader.has_run else _NOT_LOADED

    return fork(attempt, seconds)


def judge(status: int) -> Outcome:
    """Read the end of a child; raise `Broken` if it ended as no trial does."""
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return Outcome.SURVIVED
    if code in _KILLED:
        return Outcome.KILLED
    if code == -signal.SIGALRM:
        return Outcome.TIMEOUT
    raise Broken(f"a trial ended with {code}")


def run_tests(paths: Sequence[str], plugins: Sequence[object]) -> int:
    """Run pytest in this process."""
    ours = [pytest_asyncio.plugin, _hypothesis_pytestplugin, *plugins]
    return int(pytest.main([*_OPTIONS, "--rootdir", str(ROOT), *paths], plugins=ours))


def fork(work: Callable[[], int], seconds: int, output: Path = Path(os.devnull)) -> Pid:
    """Do the work in a child, which ends with what it returns."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = _FAILED
    try:
        signal.alarm(seconds)
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        with output.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = work()
    finally:
        os._exit(code)
