"""The block of the guide about writing adapters: which contracts there are."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

from docs.markdown import code, one_line, table
from limen.testing import contracts
from limen.testing.contract import Contract


def contracts_() -> str:
    """Return the table of contracts that stand for themselves, and the fixtures they ask for."""
    whole = list(_contracts())
    parts = {base for contract in whole for part in _parts(contract) for base in part.__mro__}
    rows = [
        (
            code(f"{contract.__module__}.{contract.__name__}"),
            ", ".join(map(code, sorted(_fixtures(contract)))),
            one_line((inspect.getdoc(contract) or "").partition("\n\n")[0]),
        )
        for contract in whole
        if contract not in parts
    ]
    return table(("contract", "fixtures", "what it is about"), rows)


def _contracts() -> Iterator[type[Contract]]:
    for found in pkgutil.iter_modules(contracts.__path__, f"{contracts.__name__}."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            is_contract = isinstance(value, type) and issubclass(value, Contract)
            if is_contract and value.__module__ == module.__name__:
                yield value


def _parts(contract: type[Contract]) -> list[type[Contract]]:
    return [part for part in contract.__contract__.values() if isinstance(part, type)]


def _fixtures(contract: type[Contract]) -> set[str]:
    """Return what the tests ask for and neither they nor the contract bring."""
    wanted = {name for part in _parts(contract) for name in _fixtures(part)}
    for test in contract.__contract__.values():
        if not isinstance(test, type):
            wanted |= set(inspect.signature(test).parameters) - {"self"} - _parameters(test)
    return {name for name in wanted if not hasattr(contract, name)}


def _parameters(test: Any) -> set[str]:
    """Return the names that `pytest.mark.parametrize` gives to a test."""
    names: set[str] = set()
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            given = mark.args[0]
            names |= set(map(str.strip, given.split(","))) if isinstance(given, str) else set(given)
    return names
