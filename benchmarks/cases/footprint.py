"""What limen needs before anybody asks anything: memory, and time to be there."""

import asyncio
import subprocess
from statistics import median
from time import perf_counter

from benchmarks.bench import Bench, Result
from benchmarks.goals import HELP, MEMORY, START
from benchmarks.machine import Cores, on_core
from benchmarks.servers import PROGRAMS, limen

_IDLE_SECONDS = 2.0
_STARTS = 5
_HELPS = 10


async def measure_memory(bench: Bench) -> Result:
    """Look at a worker that was only asked whether it is ready."""
    bench.progress("waiting")
    await asyncio.sleep(_IDLE_SECONDS)
    megabytes = bench.server.worker_megabytes()
    return Result(
        goal=MEMORY,
        storage=bench.store.name,
        value=megabytes,
        limen=f"{megabytes:.0f} MB",
        notes=(f"and the supervisor {bench.server.supervisor_megabytes():.0f} MB",),
        rounds={"limen": [megabytes]},
    )


async def measure_start(bench: Bench) -> Result:
    """Start the server a few times until it is ready."""
    seconds = []
    for number in range(_STARTS):
        bench.progress(f"start {number + 1} of {_STARTS}")
        log = bench.folder / "start.log"
        with limen(bench.cores.measured, log, bench.environment) as server:
            seconds.append(server.seconds_to_answer)
    return Result(
        goal=START,
        storage=bench.store.name,
        value=median(seconds),
        limen=f"{median(seconds):.2f} s",
        notes=(f"worst of {_STARTS}: {max(seconds):.2f} s",),
        rounds={"limen": seconds},
    )


def measure_help(cores: Cores) -> Result:
    """Run `limen --help` a few times."""
    seconds = []
    for _ in range(_HELPS):
        begin = perf_counter()
        with on_core(cores.measured):
            subprocess.run([PROGRAMS / "limen", "--help"], check=True, capture_output=True)
        seconds.append(perf_counter() - begin)
    return Result(
        goal=HELP,
        storage="",
        value=median(seconds),
        limen=f"{median(seconds):.2f} s",
        notes=(f"worst of {_HELPS}: {max(seconds):.2f} s",),
        rounds={"limen": seconds},
    )
