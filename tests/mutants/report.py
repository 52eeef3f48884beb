"""What a run has found, for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.mutants.explanations import Explanation, explained
from tests.mutants.mutant import Mutant, Outcome

GOAL: Final = 90.0
_HEAD: Final = ("package", "mutants", "killed", "timeouts", "survived", "explained", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcomes of all mutants of one package; `explained` are among the survivors."""

    package: str
    killed: int
    timeouts: int
    survivors: tuple[Mutant, ...]
    explained: int = 0
    are_carried: bool = False

    @property
    def mutants(self) -> int:
        """How many there are."""
        return self.killed + self.timeouts + len(self.survivors)

    @property
    def score(self) -> float:
        """How many of 100 mutants that could be noticed were."""
        able = self.mutants - self.explained
        return 100 * (self.killed + self.timeouts) / able if able else 100.0

    @property
    def is_good(self) -> bool:
        """Whether the score reaches the goal."""
        return self.score >= GOAL


def result(
    package: str,
    mutants: Iterable[Mutant],
    outcomes: Mapping[str, Outcome],
    explanations: Iterable[Explanation],
    *,
    are_carried: bool = False,
) -> Result:
    """Count."""
    every = list(mutants)
    found = [outcomes[mutant.key] for mutant in every]
    survivors = [one for one, how in zip(every, found, strict=True) if how is Outcome.SURVIVED]
    return Result(
        package=package,
        killed=found.count(Outcome.KILLED),
        timeouts=found.count(Outcome.TIMEOUT),
        survivors=tuple(survivors),
        explained=len(explained(explanations, survivors)),
        are_carried=are_carried,
    )


def table(results: Iterable[Result]) -> str:
    """Show a line for each package."""
    rows = [_HEAD, *(_cells(one) for one in results)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    lines = (_line(row, widths) for row in rows)
    return "\n".join(lines)


def _cells(one: Result) -> tuple[str, ...]:
    counts = (one.mutants, one.killed, one.timeouts, len(one.survivors), one.explained)
    mark = ("" if one.is_good else f" < {GOAL:g} %") + (" (kills carried)" * one.are_carried)
    return (one.package, *map(str, counts), f"{one.score:.1f} %{mark}")


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        cell.ljust(width) if at in {0, len(row) - 1} else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *others)).rstrip()


def survivors(one: Result, explanations: Iterable[Explanation]) -> str:
    """Show every survivor that nothing explains as a diff, with its place."""
    reasons = explained(explanations, one.survivors)
    shown = [mutant for mutant in one.survivors if mutant.key not in reasons]
    return "\n\n".join(show(mutant) for mutant in shown)


def show(mutant: Mutant) -> str:
    """Show a mutant as a diff, with its place."""
    where = mutant.place.where or "the module"
    return f"{mutant.file}:{mutant.line} in {where} ({mutant.kind})\n{mutant.diff()}"
