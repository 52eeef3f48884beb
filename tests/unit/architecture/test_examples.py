"""The foreign store of the examples is foreign: it knows the ports, and nobody knows it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOREIGN = ROOT / "examples" / "json_store"
OWN = "examples.json_store"
# What an adapter may know; and what its tests may know besides.
ADAPTER = (OWN, "limen.core", "limen.ports")
TESTS = (*ADAPTER, "limen.adapters.system", "limen.testing", "pytest")
# Who puts limen together over it is no part of it.
ASSEMBLY = "__main__.py"


def imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def strangers(text: str, allowed: tuple[str, ...]) -> list[str]:
    """Name what a module imports beyond the standard library and what it may know."""
    return [
        name
        for name in imported(text)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(f"{name}.".startswith(f"{package}.") for package in allowed)
    ]


@pytest.mark.parametrize(
    "path", [path for path in sorted(FOREIGN.glob("*.py")) if path.name != ASSEMBLY], ids=str
)
def test_the_foreign_store_imports_core_and_ports_alone(path: Path) -> None:
    allowed = TESTS if path.name.startswith("test_") else ADAPTER
    assert strangers(path.read_text(), allowed) == []


@pytest.mark.parametrize(
    "line",
    [
        "import sqlalchemy",
        "import limen",
        "from limen.adapters.memory.store import MemoryStore",
        "from limen.testing.fakes import NOON",
        "from limen.portsmouth import harbour",
    ],
)
def test_anything_else_would_be_noticed(line: str) -> None:
    assert len(strangers(line, ADAPTER)) == 1


def test_limen_does_not_know_the_foreign_store() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert "json_store" not in path.read_text(), path.name


def test_the_foreign_store_is_short_enough_to_read() -> None:
    files = [path for path in FOREIGN.glob("*.py") if not path.name.startswith(("test_", "__"))]
    lines = [line for path in files for line in path.read_text().splitlines() if line.strip()]
    assert len(lines) < 1550
