"""Every sentence of a port has a contract, and no contract goes in silence."""

import ast
from collections.abc import Iterator

import pytest

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
    kit, run = set(contract_classes()), set(bases_of_tests())
    waiting = [contract for contract in kit if contract.__name__ in run]
    for contract in waiting:
        nested = [
            base for v in contract.__contract__.values() for base in getattr(v, "__bases__", ())
        ]
        parts = [*contract.__bases__, *nested]
        waiting += [part for part in parts if part in kit and part not in waiting]
    never = {contract.__name__ for contract in kit - set(waiting)}
    assert never == set(), "no test class in tests/ subclasses them: they prove nothing of ours"


def bases_of_tests() -> Iterator[str]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield from (base.id for base in node.bases if isinstance(base, ast.Name))


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
