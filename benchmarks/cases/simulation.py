"""How fast the simulation looks for a history that breaks a promise."""

import subprocess
from statistics import median
from time import perf_counter

from benchmarks.bench import Result
from benchmarks.goals import SIMULATION
from benchmarks.machine import Cores, on_core
from benchmarks.servers import PROGRAMS

_ROUNDS = 3
_STEPS = 30_000


def measure_simulation(cores: Cores) -> Result:
    """Run `limen simulate` a few times; what the command needs to start is not counted."""
    rates = []
    for seed in range(_ROUNDS):
        start = _seconds(cores, seed, 1)
        rates.append(_STEPS / (_seconds(cores, seed, _STEPS) - start))
    return Result(
        goal=SIMULATION,
        storage="",
        value=median(rates),
        limen=f"{median(rates):,.0f} steps/s",
        notes=(f"worst of {_ROUNDS} seeds: {min(rates):,.0f} steps/s",),
        rounds={"limen": rates},
    )


def _seconds(cores: Cores, seed: int, steps: int) -> float:
    limen = str(PROGRAMS / "limen")
    command = [limen, "simulate", "--seed", str(seed), "--steps", str(steps)]
    begin = perf_counter()
    with on_core(cores.measured):
        subprocess.run(command, check=True, capture_output=True)
    return perf_counter() - begin
