"""Runs tests in a pytest of its own, and says what came of each."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

# The last one collects the garbage of the run around it, which takes longer than the tests within.
QUIET: Final = [
    *("no:cacheprovider", "no:terminal", "no:xdist", "no:cov", "no:faker"),
    "no:unraisableexception",
]
NUMBERS: Final = count()


class Seen:
    """What pytest reported: by test, `passed`, `failed` or `xfailed`, and everything it said."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.collected = "passed"
        self.told = ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self.collected, self.told = report.outcome, f"{self.told}\n{report.longreprtext}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.partition("::")[2]
        if report.when == "call" or not report.passed:
            outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
            self.outcomes[name] = outcome
            self.told += f"\n{report.longreprtext}\n{getattr(report, 'wasxfail', '')}"

    def __iter__(self) -> Iterator[str]:
        """Give the outcomes, in order."""
        return iter(self.outcomes.values())


def run(folder: Path, text: str, *options: str, ini: str = "") -> Seen:
    """Run the tests of `text`, written to a module in `folder`."""
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    # A module of this name may be loaded only once.
    module = folder / f"test_it_{next(NUMBERS)}.py"
    module.write_text(text)
    seen = Seen()
    plugins = [part for name in QUIET for part in ("-p", name)]
    where = ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder)]
    loose = ["--import-mode=importlib", "-W", "ignore"]
    pytest.main([*plugins, *where, *loose, *options, str(module)], [seen])
    return seen
