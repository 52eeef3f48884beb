"""Crash points can fail: units of work that lie about their commits are caught, each in its way."""

import pytest

from limen.testing.crashes.invariants import violations
from limen.testing.crashes.use_cases import USE_CASES
from tests.unit.testing.crashes.faults import (
    FAULTS,
    AcknowledgesBeforeCommit,
    CommitsEachWrite,
    FaultyUnit,
    FaultyUnits,
    TellsInAnotherTransaction,
    TellsTwice,
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


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_found_out_somewhere(fault: type[FaultyUnits]) -> None:
    assert await caught(fault, amid_calls=False) + await caught(fault, amid_calls=True)


async def test_who_acknowledges_before_the_commit_loses_what_was_acknowledged() -> None:
    assert "after commit (2)" in await caught(AcknowledgesBeforeCommit, amid_calls=False)


async def test_who_tells_in_another_transaction_leaves_a_user_nobody_told_of() -> None:
    found = await caught(TellsInAnotherTransaction, amid_calls=True)
    assert any(point.endswith("violated") for point in found)


async def test_who_tells_twice_is_found_out_without_any_crash() -> None:
    world = World(TellsTwice)
    scene = await world.scene()
    assert any("twice" in found for found in await violations(world.plain, scene.limen.clock.now()))


async def test_who_knows_no_transactions_leaves_half_a_registration() -> None:
    found = await caught(CommitsEachWrite, amid_calls=False)
    assert {"after users.add", "before passwords.add"} <= set(found)
