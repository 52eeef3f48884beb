"""What the import contracts cannot say about the house, read from the sources themselves."""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "src"
LONGEST_FILE = 400
# One entry for each refusal, announcement, setting and kind of thing stored, in one place each.
CATALOGUES = {
    "limen.core.errors",
    "limen.core.events",
    "limen.testing.builders",
    "limen.wiring.catalogue",
}
LONGEST_FUNCTION = 40
MOST_USE_CASES = 12
MOST_COLLABORATORS = 5
PURE = ("limen.core", "limen.ports", "limen.adapters.memory")
PROMISED_NAMES = {"limen", "limen.testing"}

Sources = Mapping[str, str]
Rule = Callable[[Sources], Iterator[str]]


def sources() -> dict[str, str]:
    """Give the text of every module of limen by its name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return found


def is_below(module: str, *packages: str) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def imports(text: str) -> set[str]:
    """Name everything that a module imports; a name from a module may be a module itself."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


# --- the rules: each names what breaks it --------------------------------------------------------


def foreign_imports(sources: Sources) -> Iterator[str]:
    """Core, ports and the memory store run on the standard library alone."""
    known = sys.stdlib_module_names | {"limen"}
    for module, text in sources.items():
        if is_below(module, *PURE):
            for name in sorted({name.partition(".")[0] for name in imports(text)} - known):
                yield f"{module} imports {name}"


def ports_that_reach_up(sources: Sources) -> Iterator[str]:
    """Ports lie between: what a port reaches in the core does not import ports."""
    core = {name: imports(text) for name, text in sources.items() if is_below(name, "limen.core")}
    waiting = [
        name
        for port, text in sources.items()
        if is_below(port, "limen.ports")
        for name in imports(text)
    ]
    below: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in core and name not in below:
            below.add(name)
            waiting += core[name]
    for module in sorted(below):
        if any(is_below(name, "limen.ports") for name in core[module]):
            yield f"{module} is reached from a port and imports ports"


def talkative_packages(sources: Sources) -> Iterator[str]:
    """A package file says what the package owns and what it never does, and nothing else."""
    packages = {module.rpartition(".")[0] for module in sources}
    for module in sorted(packages & set(sources) - PROMISED_NAMES):
        tree = ast.parse(sources[module])
        words = ast.get_docstring(tree) or ""
        if len(tree.body) != 1 or not words.startswith("Owns ") or "; never " not in words:
            yield f"{module} is not one docstring 'Owns ...; never ...'"


def long_files(sources: Sources) -> Iterator[str]:
    """A file can be read at one sitting; the catalogues are looked things up in."""
    for module, text in sources.items():
        if module not in CATALOGUES and len(text.splitlines()) > LONGEST_FILE:
            yield f"{module} has more than {LONGEST_FILE} lines"


def long_functions(sources: Sources) -> Iterator[str]:
    """A function fits on a screen, its docstring not counted."""
    for module, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = size(node) - (size(node.body[0]) if ast.get_docstring(node) else 0)
                if lines > LONGEST_FUNCTION:
                    yield f"{module}.{node.name} has {lines} lines"


def size(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def services(sources: Sources) -> Iterator[tuple[str, ast.ClassDef]]:
    for module, text in sources.items():
        if is_below(module, "limen.core"):
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef) and node.name.endswith("Service"):
                    yield f"{module}.{node.name}", node


def nameless_services(sources: Sources) -> Iterator[str]:
    """A module called `service` has one; any other one at most."""
    names = [name.rpartition(".")[0] for name, _ in services(sources)]
    for module in sources:
        least = is_below(module, "limen.core") and module.endswith(".service")
        if not least <= names.count(module) <= 1:
            yield f"{module} has {names.count(module)} services"


def sociable_services(sources: Sources) -> Iterator[str]:
    """Nothing in the core knows a service: what two of them need is a part of its own."""
    for module, text in sources.items():
        if is_below(module, "limen.core"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom):
                    known = [name.name for name in node.names if name.name.endswith("Service")]
                    yield from (f"{module} knows {name}" for name in known)


def wide_services(sources: Sources) -> Iterator[str]:
    """A service offers a dozen use cases at most."""
    for name, node in services(sources):
        methods = [
            part.name
            for part in node.body
            if isinstance(part, ast.AsyncFunctionDef | ast.FunctionDef)
        ]
        public = [method for method in methods if not method.startswith("_")]
        if len(public) > MOST_USE_CASES:
            yield f"{name} has {len(public)} public methods"


def needy_services(sources: Sources) -> Iterator[str]:
    """A service is made from a handful of collaborators."""
    for name, node in services(sources):
        needs = sum(isinstance(part, ast.AnnAssign) for part in node.body)
        for part in node.body:
            if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                needs = len(part.args.posonlyargs + part.args.args + part.args.kwonlyargs) - 1
        if needs > MOST_COLLABORATORS:
            yield f"{name} takes {needs} collaborators"


# --- the house keeps them, and each of them bites ------------------------------------------------

SERVICE = "limen.core.zebras.service"
BROKEN: dict[Rule, dict[str, str]] = {
    foreign_imports: {"limen.adapters.memory.zebras": "from sqlalchemy.orm import Session"},
    ports_that_reach_up: {
        "limen.ports.zebras": "from limen.core.zebras import stripes",
        "limen.core.zebras.stripes": "import limen.core.zebras.part",
        "limen.core.zebras.part": "from limen.ports.clock import Clock",
    },
    talkative_packages: {
        "limen.core.zebras": '"""Owns zebras; never horses."""\nimport limen',
        "limen.core.zebras.model": "",
    },
    long_files: {"limen.core.zebras.model": "\n" * (LONGEST_FILE + 1)},
    long_functions: {
        "limen.core.zebras.model": "def graze():\n" + "    eat()\n" * LONGEST_FUNCTION
    },
    nameless_services: {SERVICE: "class Zebras: ..."},
    sociable_services: {
        "limen.core.zebras.grazing": "from limen.core.zebras.running import RunningService"
    },
    wide_services: {
        SERVICE: "class ZebraService:\n"
        + "\n".join(f" async def run_{n}(self): ..." for n in range(MOST_USE_CASES + 1))
    },
    needy_services: {SERVICE: "class ZebraService:\n def __init__(self, a, b, c, d, *, e, f): ..."},
}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(sources())) == []


@pytest.mark.parametrize(("rule", "broken"), BROKEN.items())
def test_the_rule_names_what_breaks_it(rule: Rule, broken: dict[str, str]) -> None:
    assert len(list(rule(broken))) == 1
