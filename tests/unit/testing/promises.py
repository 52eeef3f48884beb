"""What the ports say, what the contracts test, and the page that pairs them."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from limen import ports
from limen.testing import contracts
from limen.testing.contract import Contract
from tests.unit.docs.pages import ROOT

PAGE = "docs/reference/promises.md"

# Where a sentence stands (`limen.ports.users.Users.get`), and the sentence.
Promise: TypeAlias = tuple[str, str]
Pairs: TypeAlias = Mapping[Promise, tuple[str, ...]]

_BETWEEN_SENTENCES = re.compile(r"(?<=\.)\s+(?=[A-Z`])")
_TITLE = re.compile(r"## `(?P<module>[\w.]+)`")
_HEADING = re.compile(r"### `(?P<name>[\w.]+)`")
_CONTRACT = re.compile(r"- `(?P<contract>\w+\.\w+)`")


def sentences(docstring: str | None) -> list[str]:
    """Split a docstring where a full stop is followed by a capital letter or by code."""
    text = " ".join((docstring or "").split())
    return [sentence for sentence in _BETWEEN_SENTENCES.split(text) if sentence]


def promises_in(module: str, source: str) -> Iterator[Promise]:
    """Give every sentence about a protocol and its methods."""
    for part in ast.parse(source).body:
        if isinstance(part, ast.ClassDef) and _is_protocol(part):
            methods = [node for node in part.body if isinstance(node, _FUNCTIONS)]
            for node in (part, *methods):
                name = part.name if node is part else f"{part.name}.{node.name}"
                for sentence in sentences(ast.get_docstring(node)):
                    yield f"{module}.{name}", sentence


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _is_protocol(part: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in part.bases)


def promises() -> list[Promise]:
    """Return what all ports promise, in their order."""
    folder = ROOT / "src" / "limen" / "ports"
    found = sorted(module.name for module in pkgutil.iter_modules(ports.__path__))
    return [
        promise
        for name in found
        for promise in promises_in(f"limen.ports.{name}", (folder / f"{name}.py").read_text())
    ]


def pairs(page: str) -> dict[Promise, tuple[str, ...]]:
    """Read the page: a heading for each port and method, sentences, contracts below each."""
    found: dict[Promise, tuple[str, ...]] = {}
    module = name = sentence = ""
    for line in page.splitlines():
        if title := _TITLE.fullmatch(line):
            module, name = title["module"], ""
        elif heading := _HEADING.fullmatch(line):
            name = f"{module}.{heading['name']}"
        elif contract := _CONTRACT.fullmatch(line):
            found[name, sentence] = (*found[name, sentence], contract["contract"])
        elif name and line:
            sentence = line
            found[name, sentence] = ()
    return found


def contract_classes() -> Iterator[type[Contract]]:
    """Give every contract class of the kit."""
    for found in pkgutil.iter_modules(contracts.__path__, f"{contracts.__name__}."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            is_contract = isinstance(value, type) and issubclass(value, Contract)
            if is_contract and value.__module__ == module.__name__:
                yield value


def contract_names() -> set[str]:
    """Name every test of every contract, as `UsersContract.test_...`."""
    return {
        f"{contract.__name__}.{name}"
        for contract in contract_classes()
        for name, test in contract.__contract__.items()
        if not isinstance(test, type)
    }


def complaints(said: Iterable[Promise], named: Pairs, tested: set[str]) -> Iterator[str]:
    """Say what the ports, the page and the contracts do not agree about, and what to do."""
    said = list(said)
    for where, sentence in said:
        if not named.get((where, sentence)):
            yield (
                f"{where} promises {sentence!r} and nothing proves it: write a contract in "
                f"limen.testing.contracts and name it below that sentence in {PAGE}."
            )
    for where, sentence in named.keys() - set(said):
        yield (
            f"{PAGE} has {sentence!r} at {where}, where the port no longer says it: put its new "
            "wording there; if the promise is given up, take it out with its contracts."
        )
    proving = {contract: pair for pair, listed in named.items() for contract in listed}
    for contract in sorted(proving.keys() - tested):
        yield (
            f"{contract} is gone, and with it a proof of {proving[contract][1]!r}: bring it back; "
            f"if the port gave that promise up, take the contract out of {PAGE}."
        )
    for contract in sorted(tested - proving.keys()):
        yield (
            f"{contract} is for no promise: name it in {PAGE} below the sentence that it proves, "
            "so that its loss would be noticed."
        )
