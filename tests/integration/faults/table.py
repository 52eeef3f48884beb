"""For `./dev faults`: which contract caught which fault, as a table behind the run.

With `--whole-kit` also whether `unseen.toml` is right about the contracts that catch none.
"""

from collections.abc import Iterable, Iterator

import pytest

from tests.integration.faults.unseen import complaints, contracts, explained

Row = tuple[str, str, list[str]]
ROWS = pytest.StashKey[list[Row]]()
STORAGES = {"memory", "sqlite", "postgresql"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole-kit",
        action="store_true",
        help="try every contract on every fault, not only the one that must catch it (minutes)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []
    config.pluginmanager.register(Keeper(config.stash[ROWS]))


class Keeper:
    """Keeps the rows that the tests report, from whichever process."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the rows of one test."""
        if report.when == "call":
            self._rows += _rows(report.user_properties)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if the file of unseen contracts is wrong."""
    if list(_complaints(session.config)) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print a row for each fault, how many were caught, and what the file says wrongly."""
    rows = config.stash[ROWS]
    for fault, storage, seen in rows:
        first, *others = seen or ["NOBODY"]
        terminalreporter.write_line(f"{fault:<60} {storage:<11} {first}")
        for contract in others:
            terminalreporter.write_line(f"{'':<72} {contract}")
    caught = sum(bool(seen) for _, _, seen in rows)
    terminalreporter.write_line(f"{caught} of {len(rows)} faults caught")
    for complaint in _complaints(config):
        terminalreporter.write_line(complaint)


def _complaints(config: pytest.Config) -> Iterator[str]:
    rows = config.stash[ROWS]
    of_stores = [row for row in rows if row[1] in STORAGES]
    is_whole = bool(config.getoption("--whole-kit"))
    return complaints(
        {contract for _, _, seen in of_stores for contract in seen},
        explained(),
        contracts(),
        is_everything=is_whole and {storage for _, storage, _ in of_stores} == STORAGES,
    )


def _rows(properties: Iterable[tuple[str, object]]) -> Iterator[Row]:
    for name, value in properties:
        if name == "faults" and isinstance(value, list):
            for fault, storage, seen in value:
                yield fault, storage, sorted(set(seen))
