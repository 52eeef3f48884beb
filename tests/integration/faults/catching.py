"""Runs contracts on broken stores, in a pytest of its own, and keeps who caught what."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings

from limen.testing.store import OpenStore
from tests.integration.faults.fault import StoreFault

FOLDER: Final = Path(__file__).parent
STORE: Final = f"{FOLDER / 'faulty_store.py'}::TestStore"
ADAPTERS: Final = str(FOLDER / "faulty_adapters.py")
# A contract that ends so has found a fault in the telling of a fault.
SLIPS: Final = (TypeError, AttributeError, NameError, ImportError, LookupError)


class Watcher:
    """Gives each contract the store with one fault at a time, and keeps what came of it.

    A contract meets the faults that name it, or with `is_whole` all of them.
    """

    def __init__(
        self, faults: Sequence[StoreFault], open_store: OpenStore, *, is_whole: bool = False
    ) -> None:
        self.faults = faults
        self._open_store = open_store
        self._is_whole = is_whole
        self.caught: dict[str, list[str]] = {fault.name: [] for fault in faults}
        self.believed: dict[str, list[str]] = {fault.name: [] for fault in faults}
        self.trouble: list[str] = []

    @pytest.fixture
    def broken(self, fault: StoreFault, monkeypatch: pytest.MonkeyPatch) -> OpenStore:
        """Tell the lie; return what opens a store that believes it."""
        fault.tell(monkeypatch)
        return self._open_store

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every contract once for each fault that is its business."""
        assert metafunc.cls is not None
        name = f"{metafunc.cls.__name__}::{metafunc.function.__name__}"
        named = [fault for fault in self.faults if _cases(fault, name)]
        met = self.faults if self._is_whole else [f for f in named for _ in range(f.rounds)]
        metafunc.parametrize("fault", met, ids=lambda fault: fault.name)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the parameters that no fault names."""
        if not self._is_whole:
            items[:] = [item for item in items if _is_named(item)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run everything but the rounds that nobody needs: the race showed in one before."""
        for item in session.items:
            fault = _fault_of(item)
            is_caught = _contract_of(item) in self.caught[fault.name]
            if self._is_whole or fault.rounds == 1 or not is_caught:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        """Keep the outcome; no proof is what fails beside the test itself, or by a slip."""
        report: pytest.TestReport = yield  # type: ignore[assignment]
        fault, contract = _fault_of(item), _contract_of(item)
        is_slip = call.excinfo is not None and isinstance(call.excinfo.value, SLIPS)
        if call.when == "call" and not is_slip:
            (self.caught if report.failed else self.believed)[fault.name].append(contract)
        elif report.failed:
            self.trouble.append(f"{fault.name}: {contract}: {report.longreprtext}")
        return report  # type: ignore[return-value]

    def slipped(self) -> list[str]:
        """Name the faults that a contract believed; with `is_whole` those that every one did."""
        return [
            f"{contract} believed {fault.name}"
            for fault in self.faults
            for contract in fault.caught_by
            if not self._is_caught(fault, contract.split("[")[0])
        ]

    def _is_caught(self, fault: StoreFault, contract: str) -> bool:
        seen = self.caught[fault.name]
        return bool(seen) if self._is_whole else contract in seen


def run_contracts(
    watcher: Watcher, contracts: Iterable[str], folder: Path, where: str = STORE
) -> Watcher:
    """Run these contracts (`TestUsers::test_...`; none are all) in a pytest of their own."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:xdist", "-p", "no:cov"]
    # It collects the garbage of the run around this one.
    options += ["-p", "no:unraisableexception"]
    options += ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder)]
    options += ["--import-mode=importlib", "-W", "ignore"]
    wanted = {contract.split("[")[0] for contract in contracts}
    names = [f"{where}::{name}" for name in sorted(wanted)] or [where]
    with unshrunk():
        pytest.main([*options, *names], [watcher])
    return watcher


@contextmanager
def unshrunk() -> Iterator[None]:
    """Let the first example that fails be enough: nobody reads it, so it need not be short."""
    before = settings.get_current_profile_name()
    settings.register_profile("unshrunk", database=None, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("unshrunk")
    yield
    settings.load_profile(before)


def _is_named(item: pytest.Item) -> bool:
    cases = _cases(_fault_of(item), _contract_of(item))
    return bool({"", f"{'-'.join(_parameters(item))}]"} & cases)


def _cases(fault: StoreFault, contract: str) -> set[str]:
    """Return the cases in which a contract must catch a fault; an empty one is all of them."""
    named = [name.partition("[") for name in fault.caught_by]
    return {case for test, _, case in named if test == contract}


def _parameters(item: pytest.Item) -> list[str]:
    return [str(value) for name, value in _callspec(item).items() if name != "fault"]


def _fault_of(item: pytest.Item) -> StoreFault:
    fault = _callspec(item)["fault"]
    assert isinstance(fault, StoreFault)
    return fault


def _callspec(item: pytest.Item) -> dict[str, object]:
    assert isinstance(item, pytest.Function)
    return item.callspec.params


def _contract_of(item: pytest.Item) -> str:
    assert isinstance(item, pytest.Function)
    return f"{item.cls.__name__}::{item.originalname}"
