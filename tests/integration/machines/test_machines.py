"""The machines find nothing, on any store."""

import pytest

from limen.testing.machines.machine import Machine, prove
from limen.testing.machines.proving import MACHINES
from limen.testing.store import OpenStore


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_store_and_model_stay_the_same(
    machine: Machine, storage: str, open_store: OpenStore
) -> None:
    prove(machine, open_store, store=storage)
