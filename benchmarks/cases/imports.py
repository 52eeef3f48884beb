"""Bringing people in by the command line, beside a bare bulk insert into the same tables."""

import os
import subprocess
from itertools import count
from pathlib import Path
from time import perf_counter

import bcrypt

from benchmarks.bench import Bench, Result
from benchmarks.contest import Round, compete
from benchmarks.goals import IMPORT
from benchmarks.limits.process import limit
from benchmarks.machine import on_core
from benchmarks.people import COST, PASSWORD, email_of, name_of, username_of
from benchmarks.servers import PROGRAMS

_ROUNDS = 3


async def measure(bench: Bench) -> Result:
    """Run `limen users import` on a file of people with hashes; each time into empty tables.

    What the command needs to start is not counted, as it is not on the other side: a file of
    nobody tells how long that is.
    """
    people, names = bench.size.imported, (f"import{number}" for number in count())
    file = write_people(bench.folder / "people.csv", people)
    nobody = write_people(bench.folder / "nobody.csv", 0)

    async def ours(_seconds: float) -> Round:
        name = next(names)
        url = await bench.store.create(name)
        seconds = _import(bench, file, url) - _import(bench, nobody, url)
        await bench.store.drop(name)
        return Round(figure=people / seconds)

    with limit("bulk", bench.cores.measured) as bulk:

        async def theirs(_seconds: float) -> Round:
            name = next(names)
            url = await bench.store.create(name)
            figure = bulk.ask(url=url, people=people)["figure"]
            await bench.store.drop(name)
            return Round(figure=figure)

        contest = await compete(
            ours,
            theirs,
            rounds=_ROUNDS,
            seconds=0,
            progress=bench.progress,
            is_warmed_up=False,
        )
    return bench.result(IMPORT, contest, "rows/s")


def write_people(file: Path, people: int) -> Path:
    """Write a CSV of people as another system would give them away."""
    # As most systems keep them. limen's own form holds commas and would have to be quoted.
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(COST)).decode()
    with file.open("w") as stream:
        stream.write("email,username,name,email_verified,password_hash\n")
        for number in range(people):
            fields = (email_of(number), username_of(number), name_of(number), "true", hashed)
            stream.write(",".join(fields) + "\n")
    return file


def _import(bench: Bench, file: Path, url: str) -> float:
    """Run the whole command and return the seconds it took."""
    environment = {**os.environ, **bench.environment, "LIMEN_DATABASE_URL": url}
    command = [str(PROGRAMS / "limen"), "users", "import", str(file)]
    log = bench.folder / "import.log"
    begin = perf_counter()
    with on_core(bench.cores.measured), log.open("wb") as output:
        code = subprocess.call(command, env=environment, stdout=output, stderr=output)
    seconds = perf_counter() - begin
    assert code == 0, log.read_text()
    return seconds
