"""The contracts can fail: every lie of `faults_of_*.py` is caught by the contract it names."""

from pathlib import Path

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.testing.fakes import CountingIds
from tests.unit.testing import faults_of_repositories, faults_of_transactions
from tests.unit.testing.faults import Fault

STORE = Path(__file__).with_name("faulty_store.py")
FAULTS = [
    value
    for module in (faults_of_transactions, faults_of_repositories)
    for value in vars(module).values()
    if isinstance(value, Fault)
]
NAMED = sorted({fault.caught_by for fault in FAULTS})


class Watcher:
    """Gives the inner run its store, and keeps what came of each test."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWorkFactory:
        return MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.append(report.nodeid)


def run_contracts(folder: Path, *contracts: str) -> Watcher:
    """Run these contracts of the store in a pytest of their own."""
    watcher = Watcher()
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:xdist"]
    options += ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder)]
    options += ["--import-mode=importlib", "-W", "ignore"]
    pytest.main([*options, *(f"{STORE}::TestStore::{name}" for name in contracts)], [watcher])
    return watcher


def test_the_sound_store_passes_every_contract_named_here(tmp_path: Path) -> None:
    watcher = run_contracts(tmp_path, *NAMED)
    assert watcher.failed == []
    assert len(watcher.passed) >= len(NAMED)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_broken_store_is_caught(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.tell(monkeypatch)
    watcher = run_contracts(tmp_path, fault.caught_by)
    assert watcher.failed, f"{fault.caught_by} believed it"
