"""Every sentence of a port has a contract, and no contract goes in silence."""

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType

import pytest

from limen.testing.contract import Contract
from limen.testing.contracts.clock import ClockContract
from limen.testing.contracts.locks import LocksContract
from limen.testing.contracts.store import PlainStoreContract, StoreContract
from limen.testing.contracts.users import UsersContract
from tests.unit.docs.pages import ROOT, page
from tests.unit.testing.promises import (
    PAGE,
    Promise,
    complaints,
    contract_classes,
    contract_names,
    pairs,
    promises,
    promises_in,
    sentences,
)


def test_every_sentence_of_a_port_has_a_contract_and_every_contract_a_sentence() -> None:
    found = list(complaints(promises(), pairs(page(PAGE).text), contract_names()))
    assert not found, "\n".join(found)


def test_every_contract_is_run_by_an_adapter_of_ours() -> None:
    kit = set(contract_classes())
    never = {contract.__name__ for contract in kit - run_by(set(adapter_tests()))}
    assert never == set(), "no test class in tests/ subclasses them: they prove nothing of ours"


def run_by(classes: Iterable[type[Contract]]) -> set[type]:
    """Return everything these classes inherit from, and so do the contracts inside them."""
    found: set[type] = set()
    for kind in classes:
        inside = [part for part in kind.__contract__.values() if isinstance(part, type)]
        found |= {*kind.__mro__, *run_by(inside)}
    return found


def adapter_tests() -> Iterator[type[Contract]]:
    """Give the classes in tests/ that pytest collects and that are contracts."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        if "limen.testing.contracts" in path.read_text():
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield from contracts_at_home_in(importlib.import_module(name))


def contracts_at_home_in(module: ModuleType) -> Iterator[type[Contract]]:
    for name, value in vars(module).items():
        is_contract = isinstance(value, type) and issubclass(value, Contract)
        if is_contract and name.startswith("Test") and value.__module__ == module.__name__:
            yield value


# --- and each of these can fail ------------------------------------------------------------------

GET: Promise = ("limen.ports.things.Things.get", "Return the thing.")
SOURCE = '''
class Things(Protocol):
    """Keeps things."""

    async def get(self) -> Thing:
        """Return the thing."""

class Thing:
    """A value promises nothing that an adapter could break."""
'''
TEXT = """
## `limen.ports.things`

### `Things`

Keeps things.

- `ThingsContract.test_one`

### `Things.get`

Return the thing.

- `ThingsContract.test_one`
- `ThingsContract.test_two`
"""
TESTED = {"ThingsContract.test_one", "ThingsContract.test_two"}


def told(*, source: str = SOURCE, text: str = TEXT, tested: set[str] = TESTED) -> str:
    said = promises_in("limen.ports.things", source)
    return "\n".join(complaints(said, pairs(text), tested))


def test_what_fits_together_is_fine() -> None:
    assert told() == ""
    assert GET in pairs(TEXT)


def test_a_docstring_falls_into_its_sentences() -> None:
    text = "Add it; raise `Taken` (section 5.7), once.\n\n    `None` is told. Version 1.2 too."
    assert sentences(text) == [
        "Add it; raise `Taken` (section 5.7), once.",
        "`None` is told.",
        "Version 1.2 too.",
    ]


def test_a_new_promise_without_a_contract_is_noticed() -> None:
    new = SOURCE.replace("Return the thing.", "Return the thing. Never sleeps.")
    assert "'Never sleeps.' and nothing proves it: write a contract" in told(source=new)


def test_a_promise_whose_contracts_were_all_taken_out_is_noticed() -> None:
    emptied = TEXT.replace("- `ThingsContract.test_two`\n", "").removesuffix(
        "- `ThingsContract.test_one`\n"
    )
    assert "'Return the thing.' and nothing proves it" in told(text=emptied)


@pytest.mark.parametrize("now", ["Return a thing.", ""])
def test_a_promise_that_was_reworded_or_given_up_is_noticed(now: str) -> None:
    changed = SOURCE.replace("Return the thing.", now)
    assert "'Return the thing.' at limen.ports.things.Things.get, where" in told(source=changed)


def test_a_deleted_contract_is_noticed() -> None:
    assert "ThingsContract.test_two is gone" in told(tested=TESTED - {"ThingsContract.test_two"})
    assert told(tested=set()).count("bring it back") == len(TESTED)


def test_a_new_contract_without_a_promise_is_noticed() -> None:
    new = {*TESTED, "ThingsContract.test_three"}
    assert "ThingsContract.test_three is for no promise" in told(tested=new)


def module_with(text: str) -> ModuleType:
    module = ModuleType("test_things")
    exec(text, vars(module))  # noqa: S102 - our own words.
    return module


SAID = "from limen.testing.contracts.clock import ClockContract\n"


@pytest.mark.parametrize(
    "text",
    [
        "class ClockContract: ...\nclass TestClock(ClockContract): ...",
        f"{SAID}class TestClock:\n    contract = ClockContract",
        f"{SAID}class Clock(ClockContract): ...",
        f"{SAID}TestClock = ClockContract",
    ],
    ids=["namesake", "mention", "not collected", "renamed"],
)
def test_a_contract_that_is_only_named_is_not_run(text: str) -> None:
    assert ClockContract not in run_by(contracts_at_home_in(module_with(text)))


@pytest.mark.parametrize(
    "text",
    [
        f"{SAID}class TestClock(ClockContract): ...",
        "from limen.testing.contracts import clock\nclass TestClock(clock.ClockContract): ...",
        f"{SAID}class Other(ClockContract): ...\nclass TestClock(Other): ...",
    ],
    ids=["directly", "by its module", "by another class"],
)
def test_a_contract_that_a_test_inherits_from_is_run(text: str) -> None:
    assert ClockContract in run_by(contracts_at_home_in(module_with(text)))


def test_what_a_store_runs_is_run() -> None:
    class TestIt(StoreContract):
        """All of it."""

    assert {UsersContract, LocksContract, PlainStoreContract} <= run_by([TestIt])
