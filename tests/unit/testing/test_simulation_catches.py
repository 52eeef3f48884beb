"""The simulation can fail: each rule broken on purpose is found, by name, from a seed."""

from collections.abc import Iterator

import pytest

from limen.testing.simulation.catalogue import INVARIANTS
from limen.testing.simulation.run import replay, simulate
from tests.unit.testing import (
    faults_of_browsers,
    faults_of_changes,
    faults_of_proofs,
    faults_of_services,
)
from tests.unit.testing.faults import Fault
from tests.unit.testing.kept_histories import KEPT

BROKEN = {
    **vars(faults_of_services),
    **vars(faults_of_changes),
    **vars(faults_of_proofs),
    **vars(faults_of_browsers),
}
FAULTS = [value for value in BROKEN.values() if isinstance(value, Fault)]
SEEDS = range(1, 11)
STEPS = 1500


def found(fault: Fault) -> Iterator[str]:
    """Yield what does not hold: in the history that was kept, then from one seed after another."""
    if fault.name in KEPT:
        violation, _ = replay(*KEPT[fault.name])
        if violation is not None:
            yield violation.invariant.name
    for seed in SEEDS:
        finding = simulate(seed, STEPS, shrunk_with=0).finding
        if finding is not None:
            yield finding.violation.invariant.name


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_broken_rule_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.tell(monkeypatch)
    assert fault.caught_by in found(fault)


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_history_is_clean_where_no_rule_is_broken(name: str) -> None:
    assert replay(*KEPT[name])[0] is None


def test_every_invariant_is_broken_here() -> None:
    assert {fault.caught_by for fault in FAULTS} == {invariant.name for invariant in INVARIANTS}
    assert KEPT.keys() <= {fault.name for fault in FAULTS}
