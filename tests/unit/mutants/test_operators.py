import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutants.mutant import CORE, Covering, Mutant, modules, mutants
from tests.mutants.operators import OPERATORS

PATH = CORE / "zebras.py"

CHANGES = {
    "compares_otherwise": {
        "x = a < b": ["x = a <= b"],
        "x = a <= b < c": ["x = a < b < c", "x = a <= b <= c"],
        "x = a is not b": ["x = a is b"],
        "x = a not in b": ["x = a in b"],
        "x = (a) == (b)": ["x = (a) != (b)"],
    },
    "joins_otherwise": {
        "x = a and b": ["x = ((a) or (b))", "x = ((b))", "x = ((a))"],
        "x = a or b or c": [
            "x = ((a) and (b) and (c))",
            "x = ((b) or (c))",
            "x = ((a) or (c))",
            "x = ((a) or (b))",
        ],
    },
    "decides_otherwise": {
        "x = not a": ["x = (a)"],
        "x = a if b else c": ["x = a if (not (b)) else c"],
        "if a < b: f()": ["if (not (a < b)): f()"],
        "if a is b: f()": [],
        "x = [a for a in b if a]": ["x = [a for a in b if (not (a))]"],
    },
    "calculates_otherwise": {"x = a + b": ["x = a - b"], "x = a << b": ["x = a >> b"]},
    "knows_otherwise": {
        "x = 1": ["x = 2"],
        "x = True": ["x = False"],
        "x = 'zebra'": ['x = ""'],
        "x = ''": ['x = "XX"'],
        "x = b'z'": ['x = b""'],
        "x = f'{1} zebra'": ['x = ""'],
        "x = cast('Zebra', a)": [],
        "x: 'Zebra' = a": [],
    },
    "names_another": {
        "x = Kind.A, Kind.B": ["x = Kind.B, Kind.B", "x = Kind.A, Kind.A"],
        "x = Kind.A": [],
        "x = min(a)": ["x = max(a)"],
    },
    "gives_nothing": {
        "return a": ["return None"],
        "return None": [],
        "return": [],
        "f(a, only=b)": ["f(a, only=None)"],
        "f(a, only=None)": [],
    },
    "skips_a_call": {"x = fold(a)": ["x = (a)"], "x = Zebra(a)": [], "x = fold(a, b)": []},
    "leaves_out": {
        "f()": ["pass"],
        "await f()": ["pass"],
        "raise Lost": ["pass"],
        "a.b = c": ["pass"],
        "x = a": [],
        "argument = a": ["pass"],
        "x += a": ["pass"],
        "yield": [],
        "...": [],
        "'A remark.'": [],
    },
    "catches_less": {
        "try: f()\n    except Lost: g()": ["try: f()\n    except (): g()"],
        "try: f()\n    except (A, B): g()": [
            "try: f()\n    except (B, ): g()",
            "try: f()\n    except (A, ): g()",
        ],
    },
}


def lies(source: str) -> list[Mutant]:
    return list(mutants(PATH, source.encode()))


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_every_operator_says_its_places_in_other_words(operator: Callable[..., object]) -> None:
    for body, expected in CHANGES[operator.__name__].items():
        head = "async def graze(argument):\n    "
        found = [
            mutant.text.decode()
            for mutant in lies(f"{head}{body}\n")
            if mutant.kind == operator.__name__
        ]
        assert found == [f"{head}{words}\n" for words in expected]


def test_every_operator_has_an_example() -> None:
    assert set(CHANGES) == {operator.__name__ for operator in OPERATORS}


def test_what_says_nothing_when_it_runs_is_left_alone() -> None:
    source = '''
"""About zebras."""
from zebras import Zebra

@striped(True)
class Herd(Zebra, kind="plains"):
    """Some zebras."""

    size: "int"

    @striped(1)
    def graze(self, on: "Grass") -> "None":
        """Eat."""
'''
    assert lies(source) == []


def test_a_mutant_knows_its_function_its_lines_and_when_it_runs() -> None:
    head = "SIZE = 1\nclass Herd:\n    def graze(self, n=2):\n"
    source = f"{head}        return f(\n            3\n        )\n"
    found = {mutant.new: mutant for mutant in lies(source) if mutant.kind == "knows_otherwise"}
    size, default, inside = (
        found["SIZE = 2"],
        found["def graze(self, n=3):"],
        found["4"],
    )
    assert (size.place.where, size.place.is_at_import, size.line) == ("", True, 1)
    assert (default.place.where, default.place.is_at_import) == ("Herd.graze", True)
    assert (inside.place.where, inside.place.is_at_import) == ("Herd.graze", False)
    assert (inside.place.first_line, inside.place.last_line, inside.line) == (4, 6, 5)
    assert inside.diff() == "- 3\n+ 4"


def test_the_tests_of_a_mutant_are_those_that_run_its_statement_its_own_first() -> None:
    path = CORE / "zebras/model.py"
    source = b"SIZE = 1\ndef graze():\n    f(2,\n      3)\n    return 4\n    return 5\n"
    own = "tests/unit/core/zebras/test_model.py::a"
    lines = {1: [""], 3: ["b"], 4: ["b", own], 5: ["c"]}
    covering = Covering({"src/limen/core/zebras/model.py": lines}, ["d", "c", "b"])
    stages = {mutant.new: mutant.stages(covering) for mutant in mutants(path, source)}
    assert stages["f(3,"] == [(own,), ("b",)]
    assert stages["return 5"] == [("c",)]
    assert stages["return 6"] == []
    everything = [(own,), ("b", "c", "d")]
    assert stages["SIZE = 2"] == everything
    lines[5] = ["", "c"]
    stages = {mutant.new: mutant.stages(covering) for mutant in mutants(path, source)}
    assert stages["return 5"] == everything


@pytest.mark.parametrize("path", modules("sessions"), ids=lambda path: path.stem)
def test_every_mutant_is_a_program_of_its_own(path: Path) -> None:
    found = list(mutants(path))
    for mutant in found:
        ast.parse(mutant.text)
    assert len({mutant.text for mutant in found} | {path.read_bytes()}) == len(found) + 1
