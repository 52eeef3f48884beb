"""`./dev bench`: limen beside the limits, in one run."""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from benchmarks import options, report
from benchmarks.bench import Result
from benchmarks.course import Course
from benchmarks.machine import choose_cores
from benchmarks.progress import Progress


def main() -> int:
    """Measure, and print every figure beside its goal."""
    chosen = options.read(sys.argv[1:])
    # Who is told to stop stops the servers it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    cores = choose_cores()
    os.sched_setaffinity(0, {cores.rest})
    if cores.are_shared:
        print("only one core: limen, the load and the database disturb each other")
    with tempfile.TemporaryDirectory(prefix="limen-bench-") as folder:
        course = Course(chosen, cores, Path(folder), Progress(), _tell)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(course.run())
    print()
    for name, value in course.environment.items():
        print(f"{name}: {value}")
    print(f"\n{report.table(course.results)}\n\n{report.notes(course.results)}\n")
    print(report.verdict(course.results))
    if chosen.file is not None:
        report.write_json(chosen.file, course.environment, course.results)
    return 0


def _tell(result: Result) -> None:
    print(report.sentence(result), flush=True)


if __name__ == "__main__":
    sys.exit(main())
