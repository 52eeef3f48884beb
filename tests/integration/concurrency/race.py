"""`./dev race`: what one can have, a thousand callers ask for at once, from several processes."""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from limen.adapters.sql.database import open_database
from limen.adapters.sql.migrations.runner import upgrade
from limen.adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from limen.adapters.system import SystemIds
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.postgres import ThrowawayPostgres
from limen.testing.races.contests import CONTESTS, UNSERVED, Contest
from limen.testing.races.crowd import Crowd
from limen.testing.races.race import race

STORAGES: Final = ("sqlite", "postgresql")
PROCESSES: Final = 4
# Together 100 connections, the widest a PostgreSQL has room for without a pooler.
CONNECTIONS: Final = 25

_HEAD: Final = ("storage", "contest", "rounds", "callers", "one got it", "served", "longest round")
_ROW: Final = "{:<12}{:<20}{:>8}{:>10}{:>12}{:>20}{:>15}"


@asynccontextmanager
async def open_sql(url: str) -> AsyncIterator[UnitOfWorkFactory]:
    """Open a database as one of several processes does."""
    database = open_database(url, pool_size=CONNECTIONS)
    await database.open()
    try:
        yield SqlUnitOfWorkFactory(database, SystemIds())
    finally:
        await database.close()


@contextmanager
def fresh(storage: str) -> Iterator[str]:
    """Make a migrated, empty database that keeps every commit."""
    with ExitStack() as stack:
        if storage == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="limen-race-"))
            url = f"sqlite:///{Path(folder, 'limen.sqlite')}"
        else:
            url = stack.enter_context(ThrowawayPostgres(durable=True)).create_database("race")
        asyncio.run(upgrade(url))
        yield url


def run(
    contest: Contest, crowd: Crowd, *, rounds: int, callers: int
) -> tuple[Counter[str], float, list[str]]:
    """Run one contest; return how calls ended, the longest round in seconds and all faults."""
    kinds: Counter[str] = Counter()
    longest, faults = 0.0, []
    begun = time.monotonic()
    for number, result in enumerate(race(contest, crowd, rounds=rounds, callers=callers)):
        ended = time.monotonic()
        longest, begun = max(longest, ended - begun), ended
        kinds += result.calls.kinds
        if result.fault is not None:
            faults.append(f"  round {number}: {result.fault} ({dict(result.calls.kinds)})")
    return kinds, longest, faults


def main(arguments: Sequence[str] | None = None, tell: Callable[[str], object] = print) -> int:
    """Run every contest on every store asked for; return 1 if anything was had twice."""
    options = _parser().parse_args(arguments)
    failed = False
    tell(
        f"{PROCESSES} processes; SQLite {sqlite3.sqlite_version}, one file; "
        f"PostgreSQL, {PROCESSES * CONNECTIONS} connections; every commit on disk"
    )
    tell(_ROW.format(*_HEAD))
    for storage in options.storage or STORAGES:
        with fresh(storage) as url, Crowd(partial(open_sql, url), processes=PROCESSES) as crowd:
            for contest in CONTESTS.values():
                failed |= _report(storage, contest, crowd, options, tell)
    return int(failed)


def _report(
    storage: str,
    contest: Contest,
    crowd: Crowd,
    options: argparse.Namespace,
    tell: Callable[[str], object],
) -> bool:
    rounds, callers = options.rounds, options.callers
    kinds, longest, faults = run(contest, crowd, rounds=rounds, callers=callers)
    unserved = sum(kinds[kind] for kind in UNSERVED)
    calls = rounds * callers
    once = f"{rounds - len(faults)} of {rounds}"
    served = f"{calls - unserved:,} of {calls:,}"
    tell(_ROW.format(storage, contest.name, rounds, callers, once, served, f"{longest:.1f} s"))
    for fault in faults:
        tell(fault)
    return bool(faults)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev race",
        description="Have processes ask at once for what one can have, and see that one gets it.",
    )
    parser.add_argument("--rounds", type=_up_to(1_000), default=20, help="rounds of each contest")
    parser.add_argument(
        "--callers", type=_up_to(10_000), default=1_000, help="callers at once, over all processes"
    )
    parser.add_argument(
        "--storage", action="append", choices=STORAGES, help="one store; both if not given"
    )
    return parser


def _up_to(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"between 1 and {most:,}")
        return number

    return read


if __name__ == "__main__":
    raise SystemExit(main())
