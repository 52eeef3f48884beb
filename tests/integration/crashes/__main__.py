"""`./dev crash`: a storm over each database, or every use case killed at every point of it."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from limen.adapters.sql.migrations.runner import upgrade
from limen.testing.crashes.storm import Plan, Report, storm
from limen.testing.crashes.use_cases import USE_CASES
from limen.testing.postgres import ThrowawayPostgres
from limen.testing.store import OpenStore
from tests.integration.crashes.dying import Level, looks, set_stage
from tests.integration.crashes.stores import (
    KilledServer,
    Places,
    PostgresPlaces,
    SqlitePlaces,
    SqlStore,
)

STORAGES: Final = ("sqlite", "postgresql")
# A server that is killed needs a second to come back.
_ROUNDS_OF_A_SERVER: Final = 20
# Looking at everything takes longer the more there is.
_ROUNDS_OF_A_LOOK: Final = 100
_STORM: Final = (
    *("store", "acknowledged", "refused", "unknown, done", "unknown, not done"),
    *("kills", "lost", "doubled", "kept", "other faults", "seconds"),
)
_POINTS: Final = ("store", "use cases", "kills between calls", "between statements", "faults")


def main(arguments: Sequence[str]) -> int:
    """Kill, print a table, and fail if anything was lost, doubled or half done."""
    options = _read(arguments)
    plan = Plan(
        writes=options.writes,
        clients=options.clients,
        seed=options.seed,
        seconds=options.every / 1000,
        looks_every=_ROUNDS_OF_A_LOOK,
    )
    rows: list[tuple[str, ...]] = [_POINTS if options.points else _STORM]
    faults: list[str] = []
    for name in options.storage or STORAGES:
        row, found = _die_everywhere(name) if options.points else _weather(name, plan)
        rows.append(row)
        faults += [f"{name}: {fault}" for fault in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    for fault in faults[:100]:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev crash",
        description="Kill writers again and again, and look whether anything is lost or doubled.",
    )
    add = parser.add_argument
    add("--writes", type=_between(1, 1_000_000), default=10_000, help="acknowledged, each store")
    add("--every", type=_between(50, 10_000), default=200, metavar="MS", help="between two kills")
    add("--clients", type=_between(1, 8), default=2, help="that write and die together")
    add("--seed", type=_between(0, 2**31), default=0, help="that all choices follow from")
    add("--storage", action="append", choices=STORAGES, help="may be repeated")
    add("--points", action="store_true", help="no storm: kill each use case at each of its points")
    return parser.parse_args(arguments)


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
        return value

    return number


def _weather(name: str, plan: Plan) -> tuple[tuple[str, ...], list[str]]:
    with tempfile.TemporaryDirectory(prefix="limen-crash-") as folder:
        opened = _sqlite(Path(folder)) if name == "sqlite" else _postgresql()
        with opened as store:
            report = storm(store, Path(folder), plan, tell=_telling(name, plan))
    return _row(name, report), report.faults


@contextmanager
def _sqlite(folder: Path) -> Iterator[OpenStore]:
    store = SqlStore(f"sqlite:///{folder / 'limen.sqlite'}")
    asyncio.run(upgrade(store.url))
    yield store


@contextmanager
def _postgresql() -> Iterator[OpenStore]:
    """Give a server that is killed too, every few rounds."""
    with ThrowawayPostgres(durable=True) as server:
        store = SqlStore(server.create_database("limen"))
        asyncio.run(upgrade(store.url))
        yield KilledServer(server, store, _ROUNDS_OF_A_SERVER)


def _die_everywhere(name: str) -> tuple[tuple[str, ...], list[str]]:
    faults: list[str] = []
    kills = dict.fromkeys(Level, 0)
    with _places(name) as places:
        set_stage(places)
        for use_case in USE_CASES:
            for level in Level:
                found = list(looks(places, use_case, level))
                # The last one came to its end.
                kills[level] += len(found) - 1
                faults += [fault for fault in found if fault]
            _say(f"{name}: {use_case}, {sum(kills.values())} kills, {len(faults)} faults")
    counts = (len(USE_CASES), kills[Level.CALLS], kills[Level.STATEMENTS], len(faults))
    return (name, *map(str, counts)), faults


@contextmanager
def _places(name: str) -> Iterator[Places]:
    with tempfile.TemporaryDirectory(prefix="limen-crash-") as folder:
        if name == "sqlite":
            template = Path(folder, "template.sqlite")
            asyncio.run(upgrade(f"sqlite:///{template}"))
            yield SqlitePlaces(template, Path(folder))
            return
        with ThrowawayPostgres() as server:
            asyncio.run(upgrade(server.create_database("template")))
            yield PostgresPlaces(server, "template")


def _telling(name: str, plan: Plan) -> Callable[[Report], None]:
    return lambda report: _say(
        f"{name}: {report.verdict.answered} of {plan.writes} acknowledged, "
        f"{report.kills} kills, {len(report.faults)} faults, {report.seconds:.0f} s"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _row(name: str, report: Report) -> tuple[str, ...]:
    verdict = report.verdict
    others = len(report.faults) - len(verdict.lost) - len(verdict.doubled) - len(verdict.kept)
    figures = (
        *(verdict.answered, verdict.refused, verdict.unknown_done, verdict.unknown_not_done),
        *(report.kills, len(verdict.lost), len(verdict.doubled), len(verdict.kept), others),
    )
    return (name, *(f"{figure:,}".replace(",", " ") for figure in figures), f"{report.seconds:.0f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
