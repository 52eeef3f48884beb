"""`python -m limen.testing.interleavings`: explore scenarios, or play one order again."""

import argparse
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.fakes import CountingIds
from limen.testing.interleavings.catalogue import SCENARIOS
from limen.testing.interleavings.exploration import (
    Bound,
    Figures,
    Violation,
    explore,
    replay,
    report,
)
from limen.testing.interleavings.row_locking import RowLockingUnits
from limen.testing.interleavings.schedules import ScheduleMisfit
from limen.testing.interleavings.stage import Scenario
from limen.testing.store import OpenStore


@asynccontextmanager
async def in_memory() -> AsyncIterator[UnitOfWorkFactory]:
    """Open the memory store, empty: one unit of work at a time."""
    yield MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())


@asynccontextmanager
async def row_locking() -> AsyncIterator[UnitOfWorkFactory]:
    """Open the rows of the memory store, empty, with units of work side by side."""
    yield RowLockingUnits()


STORES: Final[Mapping[str, OpenStore]] = {"memory": in_memory, "row-locking": row_locking}
_MOST: Final = 10_000_000


def key(scenario: Scenario) -> str:
    """Return the name of a scenario on the command line."""
    return scenario.__name__.replace("_", "-")


def main(arguments: Sequence[str] | None = None, tell: Callable[[str], object] = print) -> int:
    """Explore what was asked for; return 1 if any order broke something."""
    parser = _parser()
    options = parser.parse_args(arguments)
    by_key = {key(scenario): scenario for scenario in SCENARIOS}
    chosen = [by_key[name] for name in options.scenario or by_key]
    if options.schedule:
        if len(chosen) != 1 or options.store is None:
            parser.error("--schedule is of one --scenario and its --store: name both")
        return _play_again(chosen[0], options, tell)
    bound = Bound(
        orders=options.orders,
        preemptions=options.preemptions,
        lots=options.lots,
        seed=options.seed,
    )
    names = [options.store] if options.store else list(STORES)
    return max(_explore(chosen, name, bound, tell) for name in names)


def _play_again(
    scenario: Scenario, options: argparse.Namespace, tell: Callable[[str], object]
) -> int:
    try:
        performance = replay(scenario, STORES[options.store], options.schedule)
    except ScheduleMisfit as misfit:
        tell(f"{misfit}: is it the order of another scenario or store?")
        return 2
    tell(report(scenario, performance))
    return int(performance.failure is not None)


def _explore(
    chosen: Sequence[Scenario], store: str, bound: Bound, tell: Callable[[str], object]
) -> int:
    tell(f"{store}: orders, by lot, longest, endings")
    exit_code = 0
    for scenario in chosen:
        try:
            tell(line(explore(scenario, STORES[store], bound)))
        except Violation as violation:
            tell(
                f"{violation}\n  --store {store} --scenario {key(scenario)}"
                f" --schedule {violation.schedule}"
            )
            exit_code = 1
    return exit_code


def line(figures: Figures) -> str:
    """Return the figures of one exploration as a row."""
    orders = f"{figures.orders:,}{' (all)' if figures.is_exhaustive else ''}"
    return (
        f"  {figures.scenario:<48}{orders:>16}{figures.lots:>9,}{figures.longest:>6}"
        f"{len(figures.endings):>4}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev interleavings",
        description="Run use cases against each other in every order of their awaits.",
    )
    parser.add_argument("--store", choices=STORES, help="the store to run on; both if not given")
    parser.add_argument(
        "--scenario",
        action="append",
        choices=[key(scenario) for scenario in SCENARIOS],
        metavar="NAME",
        help="one scenario, by its name with hyphens; may be repeated; all if not given",
    )
    parser.add_argument(
        "--orders", type=_at_least(1), default=10_000, help="at most so many, one by one"
    )
    parser.add_argument(
        "--lots", type=_at_least(0), default=1_000, help="so many drawn by lot beyond"
    )
    parser.add_argument(
        "--preemptions", type=_at_least(0), help="at most so many interruptions in an order"
    )
    parser.add_argument("--seed", type=int, default=0, help="what lots are drawn from")
    parser.add_argument("--schedule", help="play this order of one scenario again")
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= _MOST:
            raise argparse.ArgumentTypeError(f"must be at least {least}, at most {_MOST:,}")
        return value

    return number


if __name__ == "__main__":
    raise SystemExit(main())
