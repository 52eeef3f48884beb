"""Trying mutants one after the other, or some at once."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.mutants import trial
from tests.mutants.mutant import Covering, Mutant, Outcome
from tests.mutants.operators import Edit

_Attempt = tuple[Mutant, list[tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """How to try: with these tests, so many mutants at once, each for so many seconds at most."""

    tests: Covering
    jobs: int
    seconds: int

    def outcomes(self, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Outcome]]:
        """Try these mutants, stage by stage until they are noticed.

        One that no test runs survives untried.
        """
        waiting = deque((mutant, mutant.stages(self.tests)) for mutant in mutants)
        running: dict[trial.Pid, _Attempt] = {}
        while waiting or running:
            while waiting and len(running) < self.jobs:
                mutant, stages = waiting.popleft()
                if stages:
                    pid = trial.start(mutant, stages[0], self.seconds)
                    running[pid] = mutant, stages[1:]
                else:
                    yield mutant, Outcome.SURVIVED
            if running:
                pid, status = os.wait()
                mutant, later = running.pop(pid)
                outcome = trial.judge(status)
                if later and outcome is Outcome.SURVIVED:
                    waiting.appendleft((mutant, later))
                else:
                    yield mutant, outcome

    def check(self, mutants: Sequence[Mutant]) -> None:
        """Make sure that their modules survive as they are: else a kill would be worth nothing.

        Raises `Broken`.
        """
        for path in dict.fromkeys(mutant.path for mutant in mutants):
            own = [mutant for mutant in mutants if mutant.path == path]
            stages = [stage for mutant in own for stage in mutant.stages(self.tests)]
            tests = list(dict.fromkeys(test for stage in stages for test in stage))
            unchanged = replace(own[0], edit=Edit(0, 0, ""))
            if tests and self._outcome(unchanged, tests) is not Outcome.SURVIVED:
                raise trial.Broken(f"{unchanged.module} is killed without any mutation")

    def _outcome(self, mutant: Mutant, tests: Sequence[str]) -> Outcome:
        _, status = os.waitpid(trial.start(mutant, tests, self.seconds), 0)
        return trial.judge(status)
