"""A mutant: limen with one small lie in it, which a test should notice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.mutants.operators import OPERATORS, Edit, Text
from tests.mutants.places import Place, places

ROOT: Final = Path(__file__).parents[2]
CORE: Final = ROOT / "src/limen/core"


@dataclass(frozen=True, slots=True)
class Covering:
    """The tests of each line of each file, "" for what ran at an import; and every test there is.

    The quickest come first.
    """

    lines: Mapping[str, Mapping[int, Sequence[str]]]
    every: Sequence[str]


class Outcome(StrEnum):
    """What became of a mutant: tests noticed it, never came to an end, or let it pass."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A module with one edit."""

    path: Path
    kind: str
    place: Place
    edit: Edit
    source: bytes

    @property
    def key(self) -> str:
        """Name this mutant among all those of the same sources."""
        return f"{self.file}:{self.edit.start}-{self.edit.end}:{self.edit.words}"

    @property
    def file(self) -> str:
        """The file, from the root of the project."""
        return str(self.path.relative_to(ROOT))

    @property
    def module(self) -> str:
        """The name under which the module is imported."""
        return ".".join(self.path.relative_to(ROOT / "src").with_suffix("").parts)

    @property
    def text(self) -> bytes:
        """The whole text of the module, with the lie in it."""
        return self.edit.apply(self.source)

    @property
    def line(self) -> int:
        """The first line that differs."""
        return self._first + 1

    @property
    def old(self) -> str:
        """The lines that differ, as they are."""
        return _lines(self.source, self._first, self._last)

    @property
    def new(self) -> str:
        """The lines that differ, as they become."""
        text = self.text
        return _lines(text, self._first, self._last + text.count(b"\n") - self.source.count(b"\n"))

    @property
    def _first(self) -> int:
        return self.source.count(b"\n", 0, self.edit.start)

    @property
    def _last(self) -> int:
        return self.source.count(b"\n", 0, self.edit.end)

    def diff(self) -> str:
        """Show the lines that differ, as a patch does."""
        lines = [f"- {line}" for line in self.old.splitlines()]
        lines += [f"+ {line}" for line in self.new.splitlines()]
        return "\n".join(lines)

    def stages(self, covering: Covering) -> list[tuple[str, ...]]:
        """Name the tests that run the statement; of what runs at an import, all.

        (A module of tests may run it once for all of them.) The package's own come first and
        alone: they are few, and the likeliest to notice.
        """
        lines = covering.lines.get(self.file, {})
        places = range(self.place.first_line, self.place.last_line + 1)
        tests = [test for line in places for test in lines.get(line, ())]
        if self.place.is_at_import or "" in tests:
            tests = [test for group in lines.values() for test in group] + list(covering.every)
        package = f"tests/unit/core/{self.path.parent.name}/"
        named = [test for test in dict.fromkeys(tests) if test]
        own = tuple(test for test in named if test.startswith(package))
        others = tuple(test for test in named if not test.startswith(package))
        return [stage for stage in (own, others) if stage]


def modules(package: str) -> list[Path]:
    """Name the files of a package of the core (`tokens`), or of a module of it (`access`)."""
    module = CORE / f"{package}.py"
    found = [module] if module.is_file() else sorted((CORE / package).glob("*.py"))
    return [path for path in found if path.name != "__init__.py"]


def mutants(path: Path, source: bytes | None = None) -> Iterator[Mutant]:
    """Tell every lie about a module, each once."""
    text = Text(path.read_bytes() if source is None else source)
    seen = {text.source}
    for node, place in places(text.tree):
        for operator in OPERATORS:
            for edit in operator(node, place, text):
                mutated = edit.apply(text.source)
                if mutated not in seen:
                    seen.add(mutated)
                    kind = operator.__name__
                    yield Mutant(path=path, kind=kind, place=place, edit=edit, source=text.source)


def _lines(text: bytes, first: int, last: int) -> str:
    return "\n".join(line.strip() for line in text.decode().split("\n")[first : last + 1])
