"""No test sleeps: it moves the clock, or waits until something is so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def sleeps(text: str) -> Iterator[int]:
    """Give the lines that sleep; to sleep for nothing lets others have their turn."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "sleep":
            yield from [node.lineno] if [ast.unparse(given) for given in node.args] != ["0"] else []


def test_no_test_sleeps() -> None:
    tests = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("test_*.py")]
    found = [
        f"{name}:{line}"
        for path in sorted(tests)
        if (name := str(path.relative_to(ROOT))) != "tests/waiting.py"
        for line in sleeps(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("line", ["time.sleep(0.1)", "await asyncio.sleep(delay)", "sleep(1)"])
def test_a_sleep_would_be_noticed(line: str) -> None:
    assert list(sleeps(line)) == [1]


def test_to_let_others_have_their_turn_is_no_sleep() -> None:
    assert list(sleeps("await asyncio.sleep(0)")) == []
