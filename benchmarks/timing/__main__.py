"""`./dev timing`: whether answers take the same time whatever is true of an account."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

from benchmarks.stores import STORAGES
from benchmarks.timing.door import open_door
from benchmarks.timing.measuring import Finding, measure
from benchmarks.timing.questions import QUESTIONS, Question
from limen.entrypoints.http.logs import configure
from limen.testing.postgres import ThrowawayPostgres
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import from_code

# A hash takes fifty times as long as anything else here, and varies less.
_TIMES_WITHOUT_HASH: Final = 10
_SECRET_KEY: Final = token_hex(32)
_ROW: Final = "{:<12}{:<16}{:<18}{:>10}{:>8}  {}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every question on every store asked for; return 1 if one state shows."""
    options = _parser().parse_args(arguments)
    print(f"load at the beginning: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(_ROW.format("storage", "question", "state", "ms", "ratio", "answer"))
    shown = 0
    for storage in options.storage or STORAGES:
        for question in QUESTIONS:
            if options.question and question.name not in options.question:
                continue
            for finding in _measured(storage, question, options.samples):
                print(_row(storage, finding), flush=True)
                shown += not finding.is_alike
    print(f"load at the end: {os.getloadavg()[0]:.1f}")
    print(f"{shown} states show" if shown else "no state shows")
    return 1 if shown else 0


def _measured(storage: str, question: Question, samples: int) -> list[Finding]:
    times = samples if question.hashes else samples * _TIMES_WITHOUT_HASH

    async def ask(url: str, folder: str) -> list[Finding]:
        settings = from_code(
            {
                "database_url": url,
                "data_dir": folder,
                "secret_key": _SECRET_KEY,
                "log_level": "error",
                "bcrypt_cost": 10,
                "unverified_sign_in": "no",
                "sign_in_per_address": 1_000_000,
            }
        )
        configure(settings.log)
        async with (
            open_container(settings, migrate=True) as container,
            open_door(container, settings) as door,
        ):
            return await measure(container, door, question, times)

    with _fresh(storage) as (url, folder):
        return asyncio.run(ask(url, folder))


@contextmanager
def _fresh(storage: str) -> Iterator[tuple[str, str]]:
    """Make an empty database that keeps every commit, and a folder."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="limen-timing-"))
        if storage == "sqlite":
            yield f"sqlite:///{Path(folder, 'limen.db')}", folder
        else:
            server = stack.enter_context(ThrowawayPostgres(durable=True))
            yield server.create_database("timing"), folder


def _row(storage: str, finding: Finding) -> str:
    told = ", ".join(sorted(finding.answers)) + ("" if finding.is_alike else "  <- shows")
    took, ratio = f"{finding.milliseconds:.2f}", f"{finding.ratio:.3f}"
    return _ROW.format(storage, finding.question, finding.state, took, ratio, told)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev timing", description=__doc__)
    parser.add_argument(
        "--samples",
        type=int,
        default=300,
        metavar="N",
        help="how often each state is asked about, ten times as often where nothing is hashed",
    )
    parser.add_argument("--storage", choices=STORAGES, action="append")
    parser.add_argument(
        "--question", choices=[question.name for question in QUESTIONS], action="append"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
