"""What the command line of the bench says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bench import Size
from benchmarks.goals import GOALS
from benchmarks.stores import STORAGES

FULL: Final = Size(rounds=5, seconds=3.0, hashing_seconds=6.0, people=1_000_000, imported=100_000)
QUICK: Final = Size(rounds=3, seconds=1.0, hashing_seconds=2.0, people=100_000, imported=50_000)

_NAMES: Final = tuple(goal.name for goal in GOALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is to be measured, on what, and where it goes."""

    size: Size
    names: frozenset[str]
    storages: tuple[str, ...]
    file: Path | None


def read(arguments: Sequence[str]) -> Options:
    """Read the arguments; end the program with a sentence if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Measure limen beside what the machine allows."
    )
    parser.add_argument("--quick", action="store_true", help="fewer people, shorter rounds")
    parser.add_argument(
        "--only", action="append", choices=_NAMES, metavar="NAME", help=", ".join(_NAMES)
    )
    parser.add_argument("--storage", action="append", choices=STORAGES, help="may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements there")
    found = parser.parse_args(arguments)
    return Options(
        size=QUICK if found.quick else FULL,
        names=frozenset(found.only or _NAMES),
        storages=tuple(dict.fromkeys(found.storage or STORAGES)),
        file=found.json,
    )
