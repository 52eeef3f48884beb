"""`./dev crash`: a storm over each database, until so many writes were acknowledged."""

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
from limen.testing.postgres import ThrowawayPostgres
from tests.integration.crashes.stores import SqlStore

STORAGES: Final = ("sqlite", "postgresql")
# A server that is killed needs a second to come back.
_ROUNDS_OF_A_SERVER: Final = 20
_COLUMNS: Final = (
    *("store", "acknowledged", "refused", "unknown, done", "unknown, not done"),
    *("kills", "lost", "doubled", "kept", "other faults", "seconds"),
)

Settle = Callable[[], None]


def main(arguments: Sequence[str]) -> int:
    """Run the storms, print a table, and fail if anything was lost or doubled."""
    options = _read(arguments)
    plan = Plan(
        writes=options.writes,
        clients=options.clients,
        seed=options.seed,
        seconds=options.every / 1000,
    )
    reports = {name: _run(name, plan) for name in options.storage or STORAGES}
    rows = [_COLUMNS, *(_row(name, report) for name, report in reports.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    faults = [f"{name}: {fault}" for name, report in reports.items() for fault in report.faults]
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
    return parser.parse_args(arguments)


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
        return value

    return number


def _run(name: str, plan: Plan) -> Report:
    with tempfile.TemporaryDirectory(prefix="limen-crash-") as folder:
        opened = _sqlite(Path(folder)) if name == "sqlite" else _postgresql()
        with opened as (store, settle):
            return storm(store, Path(folder), plan, settle=settle, tell=_telling(name, plan))


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[SqlStore, Settle]]:
    store = SqlStore(f"sqlite:///{folder / 'limen.sqlite'}")
    asyncio.run(upgrade(store.url))
    yield store, store.settle


@contextmanager
def _postgresql() -> Iterator[tuple[SqlStore, Settle]]:
    """Give a server that is killed too, every few rounds."""
    with ThrowawayPostgres(durable=True) as server:
        store = SqlStore(server.create_database("limen"))
        asyncio.run(upgrade(store.url))
        rounds = 0

        def settle() -> None:
            nonlocal rounds
            rounds += 1
            if rounds % _ROUNDS_OF_A_SERVER == 0:
                server.kill()
                server.start()
            store.settle()

        yield store, settle


def _telling(name: str, plan: Plan) -> Callable[[Report], None]:
    def tell(report: Report) -> None:
        print(
            f"{name}: {report.verdict.answered} of {plan.writes} acknowledged, "
            f"{report.kills} kills, {len(report.faults)} faults, {report.seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )

    return tell


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
