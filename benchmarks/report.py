"""What people see, and what programs read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.bench import Result
from benchmarks.goals import GOALS

_MET, _MISSED = "✓", "✗"
_HEADINGS: Final = ("", "what", "storage", "limen", "limit", "figure", "goal")


def table(results: Iterable[Result]) -> str:
    """Return all results, in the order of the goals, as lines of even columns."""
    order = {goal.name: place for place, goal in enumerate(GOALS)}
    found = sorted(results, key=lambda result: order[result.goal.name])
    rows = [_HEADINGS, *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def notes(results: Iterable[Result]) -> str:
    """Return what there is to know about each figure."""
    return "\n".join(
        f"  {result.goal.name} {result.storage}".rstrip() + ": " + "; ".join(result.notes)
        for result in results
        if result.notes
    )


def sentence(result: Result) -> str:
    """Return one line for one figure, for those who wait."""
    mark, what, storage, *figures = _row(result)
    return "  ".join(part for part in (mark, storage, what, *figures) if part)


def verdict(results: Sequence[Result]) -> str:
    """Return one sentence for all."""
    missed = [f"{r.goal.name} ({r.storage})" for r in results if not r.is_met]
    if not missed:
        return f"all {len(results)} figures reach their goals"
    return f"{len(missed)} of {len(results)} figures miss their goals: {', '.join(missed)}"


def write_json(file: Path, environment: Mapping[str, str], results: Iterable[Result]) -> None:
    """Write everything that was measured."""
    content = {"environment": environment, "results": list(map(_as_json, results))}
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _row(result: Result) -> tuple[str, ...]:
    goal = result.goal
    return (
        _MET if result.is_met else _MISSED,
        goal.what,
        result.storage,
        result.limen,
        result.limit,
        f"{result.value:.2f}{goal.unit}",
        goal.text,
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _as_json(result: Result) -> dict[str, object]:
    return {
        "goal": result.goal.name,
        "what": result.goal.what,
        "storage": result.storage,
        "value": result.value,
        "bound": result.goal.bound,
        "is_met": result.is_met,
        "rounds": result.rounds,
        "notes": result.notes,
    }
