"""Whoever dies anywhere in a use case leaves exactly what was committed, in memory."""

import inspect
from collections.abc import Iterator

import pytest

from limen.core.cookies.service import CookieService
from limen.core.factors.proving import FactorProver
from limen.core.factors.service import FactorService
from limen.core.idempotency.service import IdempotencyService
from limen.core.imports.service import ImportService
from limen.core.keys.service import KeyService
from limen.core.maintenance.service import MaintenanceService
from limen.core.passkeys.service import PasskeyService
from limen.core.passwords.service import PasswordService
from limen.core.roles.service import RoleService
from limen.core.sessions.service import SessionService
from limen.core.signin.passkey_steps import PasskeyStepService
from limen.core.signin.passkeys import PasskeySignInService
from limen.core.signin.service import SignInService
from limen.core.tokens.service import TokenService
from limen.core.users.service import UserService
from limen.testing.assembly import OPERATOR, Assembly
from limen.testing.builders import a_user, an_event
from limen.testing.crashes.points import Course, Crashed, CrashingUnits
from limen.testing.crashes.use_cases import USE_CASES, run
from limen.testing.invariants.violations import violations
from tests.unit.testing.crashes.worlds import World, committed_states

SERVICES = {
    "cookie_sessions": CookieService,
    "factor_prover": FactorProver,
    "factors": FactorService,
    "idempotency": IdempotencyService,
    "imports": ImportService,
    "keys": KeyService,
    "maintenance": MaintenanceService,
    "passkey_sign_in": PasskeySignInService,
    "passkey_steps": PasskeyStepService,
    "passkeys": PasskeyService,
    "passwords": PasswordService,
    "roles": RoleService,
    "sessions": SessionService,
    "sign_in": SignInService,
    "tokens": TokenService,
    "users": UserService,
}
READERS = {
    *("factors.get", "passkeys.get", "passkeys.list"),
    *("imports.export", "keys.jwks", "keys.list", "roles.get", "roles.list", "sessions.list"),
    *("roles.list_grants", "roles.list_permissions", "tokens.authenticate"),
    *("users.find", "users.get", "users.list"),
}


def use_cases_of_services() -> Iterator[str]:
    for name, service in SERVICES.items():
        for method, _ in inspect.getmembers(service, inspect.iscoroutinefunction):
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
