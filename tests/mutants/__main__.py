"""`./dev mutants`: how many small lies about the core the tests notice."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.mutants import covering, explanations, report, trial
from tests.mutants.explanations import Explanation
from tests.mutants.journal import Journal, stand
from tests.mutants.mutant import ROOT, Mutant, Outcome, modules, mutants
from tests.mutants.trials import Trials

PACKAGES: Final = ("tokens", "sessions", "passwords", "signin", "roles")
_STEP: Final = 50


def main(arguments: Sequence[str]) -> int:
    """Try the mutants of each package, tell the survivors, and judge the scores."""
    options = _read(arguments)
    os.chdir(ROOT)
    trial.prepare()
    with tempfile.TemporaryDirectory(prefix="limen-mutants-") as folder:
        # What a child leaves behind when it is killed goes with the folder.
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        try:
            return _run(options, Path(folder))
        except KeyboardInterrupt:
            _tell("stopped; the next run goes on from here")
            return 130


def _run(options: argparse.Namespace, folder: Path) -> int:
    known, now = explanations.read(), stand()
    tests, seconds = covering.measure(folder)
    _tell(f"the suite takes {seconds:.1f} s without any mutant")
    trials = Trials(tests=tests, jobs=options.jobs, seconds=int(20 + 3 * seconds))
    results, stale = [], []
    for package in options.packages:
        every = [mutant for path in modules(package) for mutant in mutants(path)]
        journal = Journal(package, now)
        journal.begin(is_fresh=options.fresh, only_survivors=options.survivors)
        _try(package, every, journal, trials)
        if stand() != now:
            raise trial.Broken("the code or the tests were changed meanwhile")
        own = [one for one in known if one.file in {mutant.file for mutant in every}]
        stale += explanations.stale(own, every, journal.outcomes)
        results.append(
            report.result(package, every, journal.outcomes, own, are_carried=journal.are_carried)
        )
    return _conclude(results, known, stale)


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__)
    parser.add_argument(
        "packages",
        nargs="*",
        metavar="PACKAGE",
        help=f"packages or modules of limen.core (without any: {', '.join(PACKAGES)})",
    )
    parser.add_argument(
        "--jobs", type=int, choices=range(1, 17), default=1, metavar="N", help="1 to 16 at once (1)"
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--survivors",
        action="store_true",
        help="try those again that survived the last time; what was killed stays killed",
    )
    again.add_argument(
        "--fresh", action="store_true", help="forget what a run that was stopped has found"
    )
    options = parser.parse_args(arguments)
    options.packages = options.packages or PACKAGES
    for package in options.packages:
        if not modules(package):
            parser.error(f"there is no {package!r} in limen.core")
    return options


def _try(package: str, every: Sequence[Mutant], journal: Journal, trials: Trials) -> None:
    """Find out what becomes of every mutant of which it is not known."""
    waiting = [mutant for mutant in every if mutant.key not in journal.outcomes]
    _tell(f"{package}: {len(every)} mutants, {len(every) - len(waiting)} known already")
    trials.check(waiting)
    for count, (mutant, outcome) in enumerate(trials.outcomes(waiting), 1):
        journal.note(mutant.key, outcome)
        if outcome is not Outcome.KILLED:
            _tell(f"{outcome}: {report.show(mutant)}")
        if not count % _STEP:
            _tell(f"{package}: {count} of {len(waiting)}")


def _conclude(
    results: Sequence[report.Result], known: Sequence[Explanation], stale: Sequence[str]
) -> int:
    for one in results:
        if text := report.survivors(one, known):
            print(f"\n--- survivors in {one.package}\n\n{text}")
    print(f"\n{report.table(results)}")
    for name in stale:
        print(f"stale explanation: {name}")
    return int(bool(stale) or not all(one.is_good for one in results))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
