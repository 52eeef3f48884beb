"""The contracts can fail: every fault seeded on purpose is caught by each contract it names.

`./dev faults` runs this, with a table of what caught what; `--whole-kit` tries every contract on
every fault.
"""

import importlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FunctionType
from typing import Final, cast

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.adapters.memory.users import MemoryUsers
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.fakes import CountingIds
from limen.testing.store import OpenStore
from tests.integration.faults.catching import ADAPTERS, Watcher, run_contracts
from tests.integration.faults.fault import StoreFault
from tests.integration.faults.json_files import open_json
from tests.integration.faults.unseen import complaints, contracts, explained

FEWEST: Final = 100
STORAGES: Final = ("memory", "sqlite", "postgresql")
FOREIGN: Final = "json"
ANY: Final = "TestUsers::test_get_raises_user_not_found"


def seeded() -> list[StoreFault]:
    """Return every fault of the modules in this folder."""
    modules = [
        importlib.import_module(f"tests.integration.faults.{path.stem}")
        for path in sorted(Path(__file__).parent.glob("*_*.py"))
        if path.stem.split("_")[0] in {*STORAGES, FOREIGN, "adapter"}
    ]
    found = [value for module in modules for value in vars(module).values()]
    return [value for value in found if isinstance(value, StoreFault)]


FAULTS: Final = seeded()


OF_ADAPTERS: Final = [fault for fault in FAULTS if fault.storage not in {*STORAGES, FOREIGN}]


def of(storage: str) -> list[StoreFault]:
    return [fault for fault in FAULTS if fault.storage == storage]


def contracts_of(faults: Iterable[StoreFault]) -> list[str]:
    return [contract for fault in faults for contract in fault.caught_by]


def test_there_are_many_faults_and_each_has_a_name_of_its_own() -> None:
    assert len({(fault.storage, fault.name) for fault in FAULTS}) == len(FAULTS) >= FEWEST


def test_no_fault_is_another_one_under_a_new_name() -> None:
    assert [names for names in by_lie().values() if len(names) > 1] == []


def by_lie() -> dict[object, list[str]]:
    """Return the names of the faults by what they do, as far as their code tells."""
    found: dict[object, list[str]] = {}
    for fault in FAULTS:
        tell = cast("FunctionType", fault.tell)
        code, around = tell.__code__, inspect.getclosurevars(tell).nonlocals
        lie = (fault.storage, code.co_code, code.co_names, repr(code.co_consts), repr(around))
        found.setdefault(lie, []).append(fault.name)
    return found


def test_every_fault_is_caught_by_the_contracts_it_names(
    storage: str,
    open_store: OpenStore,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    faults = of(storage)
    is_whole = bool(pytestconfig.getoption("--whole-kit", default=False))
    named = () if is_whole else contracts_of(faults)
    watcher = run_contracts(Watcher(faults, open_store, is_whole=is_whole), named, tmp_path)
    record_property("faults", rows(watcher))
    assert is_whole or not watcher.trouble, "\n".join(watcher.trouble)
    assert not watcher.slipped(), "\n".join(watcher.slipped())


def test_every_fault_of_a_smaller_port_is_caught_by_the_contracts_it_names(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    named = contracts_of(OF_ADAPTERS)
    watcher = run_contracts(Watcher(OF_ADAPTERS, in_memory), named, tmp_path, ADAPTERS)
    record_property("faults", rows(watcher))
    assert not watcher.trouble, "\n".join(watcher.trouble)
    assert not watcher.slipped(), "\n".join(watcher.slipped())


def test_every_fault_of_a_foreign_store_is_caught_by_the_contracts_it_names(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    faults = of(FOREIGN)
    named = contracts_of(faults)
    watcher = run_contracts(Watcher(faults, open_json), named, tmp_path)
    record_property("faults", rows(watcher))
    assert not watcher.trouble, "\n".join(watcher.trouble)
    assert not watcher.slipped(), "\n".join(watcher.slipped())


def rows(watcher: Watcher) -> list[list[object]]:
    """Return what the table shows of each fault."""
    return [[f.sentence, f.storage, watcher.caught[f.name]] for f in watcher.faults]


def test_the_sound_store_passes_the_contracts_named_here(
    storage: str, open_store: OpenStore, tmp_path: Path
) -> None:
    # A sample: all of them, on all stores, are in `tests/integration/contracts`.
    contracts = sorted(set(contracts_of(of(storage))))[::4]
    sound = [
        StoreFault(f"nothing_is_wrong_{number}", lambda _monkeypatch: None, (contract,), storage)
        for number, contract in enumerate(contracts)
    ]
    watcher = run_contracts(Watcher(sound, open_store), contracts, tmp_path)
    assert watcher.trouble == []
    assert [name for name, seen in watcher.caught.items() if seen] == []
    assert [name for name, seen in watcher.believed.items() if not seen] == []


# --- contracts that no fault fails ---------------------------------------------------------------


def test_every_contract_of_a_store_is_named_by_a_fault_or_explained() -> None:
    of_stores = [fault for fault in FAULTS if fault.storage in STORAGES]
    named = {contract.partition("[")[0] for contract in contracts_of(of_stores)}
    found = list(complaints(named, explained(), contracts(), is_everything=True))
    assert not found, "\n".join(found)
    assert all(reason.strip() for reason in explained().values())


def said(caught: set[str], excused: set[str], *, is_everything: bool = True) -> str:
    known = {"A::test_one", "A::test_two"}
    return "\n".join(complaints(caught, excused, known, is_everything=is_everything))


def test_what_catches_no_fault_has_to_be_explained() -> None:
    assert said({"A::test_one"}, {"A::test_two"}) == ""
    assert said({"A::test_one"}, set()).startswith("A::test_two was not seen to catch a fault")
    assert said({"A::test_one"}, set(), is_everything=False) == ""


def test_an_explanation_of_what_catches_a_fault_is_noticed() -> None:
    told = said({"A::test_one"}, {"A::test_one", "A::gone"}, is_everything=False)
    assert told.splitlines() == [
        "A::gone is no contract: take it out of unseen.toml",
        "A::test_one catches a fault: take it out of unseen.toml",
    ]


SEEN: Final = """
def test_it(record_property):
    for storage in {storages}:
        record_property("faults", [["a lie", storage, {seen}]])
"""


@pytest.mark.parametrize(
    ("storages", "seen", "code"),
    [
        (STORAGES, sorted(contracts()), pytest.ExitCode.OK),
        (STORAGES, sorted(contracts())[1:], pytest.ExitCode.TESTS_FAILED),
        (STORAGES[1:], [], pytest.ExitCode.OK),
    ],
    ids=["all of them", "all but one", "not on every store"],
)
def test_a_run_of_the_whole_kit_fails_if_a_contract_caught_nothing(
    tmp_path: Path, storages: tuple[str, ...], seen: list[str], code: pytest.ExitCode
) -> None:
    (tmp_path / "pytest.ini").touch()
    # A module of this name may be loaded only once.
    module = tmp_path / f"{tmp_path.name}.py"
    module.write_text(SEEN.format(storages=storages, seen=seen))
    options = ["-c", str(tmp_path / "pytest.ini"), "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["--import-mode=importlib", "-W", "ignore"]
    table = ["-p", "tests.integration.faults.table", "--whole-kit"]
    assert pytest.main([*options, *table, str(module)]) == code


@asynccontextmanager
async def in_memory() -> AsyncIterator[UnitOfWorkFactory]:
    yield MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())


def test_a_fault_that_slips_through_is_noticed(tmp_path: Path) -> None:
    harmless = StoreFault("harmless", lambda _monkeypatch: None, (ANY,), "memory")
    watcher = run_contracts(Watcher([harmless], in_memory), [ANY], tmp_path)
    assert watcher.caught == {"harmless": []}
    assert watcher.believed == {"harmless": [ANY]}


def test_a_fault_that_one_of_its_contracts_believes_is_noticed(tmp_path: Path) -> None:
    def get_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
        async def get(*_: object) -> None: ...

        monkeypatch.setattr(MemoryUsers, "get", get)

    other = "TestRoles::test_get_raises_role_not_found"
    fault = StoreFault("nobody", get_nobody, (ANY, other), "memory")
    watcher = run_contracts(Watcher([fault], in_memory), [ANY, other], tmp_path)
    assert watcher.slipped() == [f"{other} believed nobody"]


def test_a_store_that_does_not_even_open_is_no_proof(tmp_path: Path) -> None:
    def close_the_door(_monkeypatch: pytest.MonkeyPatch) -> None:
        raise OSError

    broken = StoreFault("broken", close_the_door, (ANY,), "memory")
    watcher = run_contracts(Watcher([broken], in_memory), [ANY], tmp_path)
    assert watcher.caught == {"broken": []}
    assert len(watcher.trouble) == 1


def test_a_slip_in_the_telling_of_a_fault_is_no_proof(tmp_path: Path) -> None:
    def put_nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(MemoryUsers, "get", None)

    slip = StoreFault("slip", put_nonsense, (ANY,), "memory")
    watcher = run_contracts(Watcher([slip], in_memory), [ANY], tmp_path)
    assert watcher.caught == {"slip": []}
    assert len(watcher.trouble) == 1
