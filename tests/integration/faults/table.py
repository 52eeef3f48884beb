"""For `./dev faults`: which contract caught which fault, as a table behind the run."""

from collections.abc import Iterable, Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole-kit",
        action="store_true",
        help="try every contract on every fault, not only the one that must catch it (minutes)",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a row for each fault, and how many were caught."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    rows = list(_rows(reports))
    for fault, storage, contracts in rows:
        first, *others = contracts or ["NOBODY"]
        terminalreporter.write_line(f"{fault:<60} {storage:<11} {first}")
        for contract in others:
            terminalreporter.write_line(f"{'':<72} {contract}")
    caught = sum(bool(contracts) for _, _, contracts in rows)
    terminalreporter.write_line(f"{caught} of {len(rows)} faults caught")


def _rows(reports: Iterable[object]) -> Iterator[tuple[str, str, list[str]]]:
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "faults" and getattr(report, "when", None) == "call":
                for fault, storage, contracts in value:
                    yield fault, storage, sorted(set(contracts))
