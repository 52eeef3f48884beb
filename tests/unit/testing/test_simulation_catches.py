"""The simulation can fail: each rule broken on purpose is found, by name, from a seed."""

import pytest

from limen.testing.simulation.catalogue import INVARIANTS
from limen.testing.simulation.run import simulate
from tests.unit.testing import faults_of_services
from tests.unit.testing.faults import Fault

FAULTS = [value for value in vars(faults_of_services).values() if isinstance(value, Fault)]
SEEDS = range(1, 11)
STEPS = 1500


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_broken_rule_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.tell(monkeypatch)
    found = {}
    for seed in SEEDS:
        report = simulate(seed, STEPS, shrunk_with=0)
        if report.finding is not None:
            found[report.finding.violation.invariant.name] = report.finding.step
            if fault.caught_by in found:
                return
    pytest.fail(f"found {found}")


def test_every_fault_names_an_invariant() -> None:
    names = {invariant.name for invariant in INVARIANTS}
    assert {fault.caught_by for fault in FAULTS} <= names
