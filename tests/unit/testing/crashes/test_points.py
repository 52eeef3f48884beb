"""Whoever dies anywhere in a use case leaves exactly what was committed, in memory."""

import inspect
from collections.abc import Iterator

import pytest

from limen.testing.assembly import OPERATOR, Assembly
from limen.testing.builders import a_user, an_event
from limen.testing.crashes.points import Course, Crashed, CrashingUnits
from limen.testing.crashes.scene import run
from limen.testing.crashes.use_cases import USE_CASES
from limen.testing.invariants.violations import violations
from tests.unit.testing.crashes.worlds import World, committed_states

# What writes for a use case that asks for it, or writes nothing.
PARTS = {
    "denials": "reads",
    "devices": "is asked by the ways in, in their transactions",
    "key_uses": "writes behind the request; a use that is lost may be",
    "passkey_prover": "is asked by what takes passkeys",
    "ring": "reads",
    "unit_of_work": "is what dies",
}
READERS = {
    *("api_keys.get", "api_keys.list", "factors.get", "messages.get", "messages.list"),
    *("passkeys.get", "passkeys.list", "service_accounts.find", "service_accounts.get"),
    *("imports.export", "keys.jwks", "keys.list", "roles.get", "roles.list", "sessions.list"),
    "remembered.list",
    *("roles.list_grants", "roles.list_permissions", "tokens.authenticate"),
    *("service_accounts.list", "users.find", "users.get", "users.list"),
}


def use_cases_of_services() -> Iterator[str]:
    for name, part in vars(Assembly()).items():
        is_of_the_core = type(part).__module__.startswith("limen.core.")
        if name.startswith("_") or name in PARTS or not is_of_the_core:
            continue
        for method, _ in inspect.getmembers(type(part), inspect.iscoroutinefunction):
            if not method.startswith("_"):
                yield f"{name}.{method}"


def test_every_use_case_that_writes_is_among_those_that_die() -> None:
    named = {name.partition(":")[0] for name in USE_CASES}
    assert named | READERS == set(use_cases_of_services())
    assert not named & READERS


@pytest.mark.parametrize("name", USE_CASES)
async def test_a_use_case_that_dies_anywhere_leaves_what_was_committed_and_can_be_asked_again(
    name: str,
) -> None:
    use_case = USE_CASES[name]
    states, points, _ = await committed_states(use_case)
    assert points
    for point in points:
        world = World()
        scene = await world.scene()
        world.told.end_at(point)
        assert await world.dies(use_case, scene), point
        assert world.picture() == states[world.told.commits], point
        world.told.restart()
        # Anything but an answer or a refusal fails here; so does a lock that outlived its holder.
        await run(use_case, scene)
        if not name.startswith("maintenance"):
            assert await violations(world.plain, scene.limen.clock.now()) == [], point


async def test_the_first_signing_key_is_made_with_its_event_or_not_at_all() -> None:
    complete = World()
    await Assembly(complete.units).keys.ensure(actor=OPERATOR)
    for point in complete.told.passed:
        world = World()
        limen = Assembly(world.units)
        world.told.end_at(point)
        with pytest.raises(Crashed):
            await limen.keys.ensure(actor=OPERATOR)
        rows = world.store.rows
        assert len(list(rows.keys.values())) == len(list(rows.events.values()))
        assert len(list(rows.keys.values())) == world.told.commits


async def test_points_have_names_and_repeated_ones_a_number() -> None:
    world, course = World(), Course()
    async with CrashingUnits(world.plain, course)() as uow:
        for _ in range(2):
            await uow.users.add(a_user())
        uow.emit(an_event())
        await uow.commit()
        assert len(uow.committed) == 1
    assert course.passed == [
        "before users.add",
        "after users.add",
        "before users.add (2)",
        "after users.add (2)",
        "before emit",
        "after emit",
        "before commit",
        "after commit",
    ]
    assert course.commits == 1


async def test_one_dies_at_the_point_named() -> None:
    course = Course()
    course.end_at("after users.add (2)")
    assert await points_passed_adding_three(course) == 4


async def test_one_dies_after_so_many_points() -> None:
    course = Course()
    course.end_after(3)
    assert await points_passed_adding_three(course) == 3


async def points_passed_adding_three(course: Course) -> int:
    world = World()

    async def add() -> None:
        async with CrashingUnits(world.plain, course)() as uow:
            for _ in range(3):
                await uow.users.add(a_user())

    with pytest.raises(Crashed):
        await add()
    assert not world.picture()["users"]
    return len(course.passed)
