import os
import signal
import subprocess
import sys

import pytest

from tests.mutants import trial
from tests.mutants.mutant import ROOT, Outcome

# In a process of its own: who forks for trials must not have imported limen.
TRY = """
import os
from dataclasses import replace
from tests.mutants import trial
from tests.mutants.mutant import CORE, mutants
from tests.mutants.operators import Edit

NOTICED = "return self.ended_at is not None and now < self.idle_expires_at"
PASSED = "now <= self.expires_at"
TEST = "tests/unit/core/sessions/test_model.py::test_an_ended_session_is_not_live"

trial.prepare()
every = list(mutants(CORE / "sessions/model.py"))
noticed = next(mutant for mutant in every if NOTICED in mutant.new)
passed = next(mutant for mutant in every if PASSED in mutant.new)
elsewhere = replace(noticed, path=CORE / "imports/rows.py")
for mutant in (noticed, passed, elsewhere):
    _, status = os.waitpid(trial.start(mutant, [TEST], 60), 0)
    try:
        print(trial.judge(status))
    except trial.Broken as broken:
        print(broken)
"""


def test_a_lie_is_told_to_the_tests_and_noticed_or_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["killed", "survived", "a trial ended with 70", ""]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0 << 8, Outcome.SURVIVED),
        (1 << 8, Outcome.KILLED),
        (2 << 8, Outcome.KILLED),
        (signal.SIGALRM.value, Outcome.TIMEOUT),
    ],
)
def test_the_end_of_a_trial_tells_its_outcome(status: int, outcome: Outcome) -> None:
    assert trial.judge(status) is outcome


@pytest.mark.parametrize("status", [5 << 8, 70 << 8, 71 << 8, signal.SIGKILL.value])
def test_a_trial_that_went_wrong_is_no_kill(status: int) -> None:
    assert os.waitstatus_to_exitcode(status)
    with pytest.raises(trial.Broken):
        trial.judge(status)
