"""Crash points can fail: units of work that lie about their commits are caught, each in its way."""

import pytest

from limen.testing.crashes.use_cases import USE_CASES
from limen.testing.invariants.violations import violations
from tests.unit.testing.crashes.faults import (
    FAULTS,
    AcknowledgesBeforeCommit,
    CommitsEachWrite,
    FaultyUnit,
    FaultyUnits,
    TellsInAnotherTransaction,
    TellsTwice,
    WritesBehind,
)
from tests.unit.testing.crashes.worlds import Fault, World, committed_states, sound

REGISTER = USE_CASES["users.register"]


class PassesOn(FaultyUnits):
    """No fault at all."""

    unit = FaultyUnit


async def caught(fault: Fault, *, amid_calls: bool) -> list[str]:
    """Die at every point above the adapter, or below it; name those where it is found out.

    A change may be there or not when its commit was not answered, and must not be half there.
    """
    states, above, below = await committed_states(REGISTER)
    found = []
    for point in below if amid_calls else above:
        world = World(fault)
        scene = await world.scene()
        (world.done if amid_calls else world.told).end_at(point)
        if not await world.dies(REGISTER, scene):
            continue
        count = world.told.commits
        expected = states[count : count + (2 if world.is_amid_commit else 1)]
        if world.picture() not in expected:
            found.append(point)
        if await violations(world.plain, scene.limen.clock.now()):
            found.append(f"{point}: violated")
    return found


@pytest.mark.parametrize("amid_calls", [False, True])
@pytest.mark.parametrize("fault", [sound, PassesOn])
async def test_a_sound_store_is_never_found_out(fault: Fault, amid_calls: bool) -> None:
    assert await caught(fault, amid_calls=amid_calls) == []


@pytest.mark.parametrize(
    ("fault", "amid_calls", "where"),
    [
        (AcknowledgesBeforeCommit, False, "after commit (2)"),
        (WritesBehind, False, "after commit (2)"),
        (TellsInAnotherTransaction, True, "before emit: violated"),
        (TellsTwice, False, "before commit: violated"),
        (CommitsEachWrite, False, "after users.add"),
    ],
)
async def test_every_fault_is_found_out_where_it_lies(
    fault: type[FaultyUnits], amid_calls: bool, where: str
) -> None:
    found = await caught(fault, amid_calls=amid_calls)
    assert where in found, found


def test_every_fault_is_tried() -> None:
    tried = FaultyUnits.__subclasses__()
    assert {fault.__name__ for fault in FAULTS} == {fault.__name__ for fault in tried} - {
        "PassesOn"
    }
