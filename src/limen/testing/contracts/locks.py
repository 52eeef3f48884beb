"""What the locks of the store promise: who waits for whom, and that nobody waits for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from limen.core.errors import (
    ConcurrentUpdate,
    RoleInUse,
    RoleNotFound,
    UserNotFound,
)
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from limen.testing.builders import (
    a_grant,
    a_role,
    a_session,
    a_signing_key,
    a_user,
)
from limen.testing.contract import Contract
from limen.testing.contracts.crowd import FEWER, MANY, PATIENCE, at_once, kinds, saving
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON


class LocksContract(Contract):
    """Who waits for whom, and that nobody waits for ever. Fixture: `unit_of_work`."""

    async def test_users_lock_lets_one_change_in_at_a_time(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user(name="0")
        await keep(unit_of_work, user)

        async def count(uow: UnitOfWork) -> None:
            locked = await uow.users.lock(user.id)
            await asyncio.sleep(0)
            following = str(int(locked.name) + 1)
            await uow.users.save(replace(locked, name=following, version=locked.version + 1))

        outcomes = await at_once(unit_of_work, *[count] * MANY)
        assert kinds(outcomes) == {"NoneType": MANY}
        counted = await look(unit_of_work, lambda view: view.users.get(user.id))
        assert (counted.name, counted.version) == (str(MANY), MANY + 1)

    async def test_who_waited_for_a_user_who_then_went_finds_nobody(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)

        async def remove(uow: UnitOfWork) -> None:
            await uow.users.lock(user.id)
            await asyncio.sleep(0)
            await uow.users.remove(user.id)

        outcomes = await at_once(unit_of_work, *[remove] * FEWER)
        assert kinds(outcomes) == {"NoneType": 1, UserNotFound.__name__: FEWER - 1}

    async def test_a_save_waits_for_a_lock_and_then_comes_too_late(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        is_locked = asyncio.Event()

        async def hold() -> None:
            async with unit_of_work() as uow:
                locked = await uow.users.lock(user.id)
                is_locked.set()
                for _ in range(20):
                    await asyncio.sleep(0)
                await uow.users.save(replace(locked, name="first", version=2))
                await uow.commit()

        async def barge_in() -> None:
            await is_locked.wait()
            await change(unit_of_work, saving(replace(user, name="second", version=2)))

        async with asyncio.timeout(PATIENCE):
            held, barged = await asyncio.gather(hold(), barge_in(), return_exceptions=True)
        assert (held, type(barged)) == (None, ConcurrentUpdate)
        await assert_kept(unit_of_work, replace(user, name="first", version=2))

    async def test_lock_administrators_lets_one_decide_at_a_time(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        users = [a_user() for _ in range(FEWER)]
        await keep(unit_of_work, *users, *(a_grant(user.id) for user in users))

        def resigning(user: User) -> Callable[[UnitOfWork], Awaitable[bool]]:
            async def resign(uow: UnitOfWork) -> bool:
                await uow.roles.lock_administrators()
                if await uow.grants.count_administrators(besides=user.id) == 0:
                    return False
                await asyncio.sleep(0)
                await uow.grants.remove(user.id, "admin")
                return True

            return resign

        outcomes = await at_once(unit_of_work, *(resigning(user) for user in users))
        assert sorted(outcomes) == [False, *[True] * (FEWER - 1)]

    async def test_keys_lock_lets_one_decide_at_a_time(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        async def ensure(uow: UnitOfWork) -> bool:
            await uow.keys.lock()
            if await uow.keys.list():
                return False
            await asyncio.sleep(0)
            await uow.keys.add(a_signing_key())
            return True

        outcomes = await at_once(unit_of_work, *[ensure] * FEWER)
        assert sorted(outcomes) == [*[False] * (FEWER - 1), True]

    async def test_throttles_lock_counts_parallel_attempts_one_by_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        keys = ["account:ada", "address:here"]

        def charging(number: int) -> Callable[[UnitOfWork], Awaitable[int]]:
            async def charge(uow: UnitOfWork) -> int:
                order = keys if number % 2 else keys[::-1]
                throttles = await uow.throttles.lock(order, NOON)
                await asyncio.sleep(0)
                for throttle in throttles:
                    await uow.throttles.save(replace(throttle, attempts=throttle.attempts + 1))
                return throttles[0].attempts

            return charge

        outcomes = await at_once(unit_of_work, *(charging(number) for number in range(MANY)))
        assert kinds(outcomes) == {"int": MANY}
        assert sorted(outcomes) == list(range(MANY))
        found = await change(unit_of_work, lambda uow: uow.throttles.lock(keys, NOON))
        assert [throttle.attempts for throttle in found] == [MANY, MANY]

    async def test_throttles_locked_in_any_order_never_wait_for_each_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        keys = [f"key-{n}" for n in range(6)]

        def locking(number: int) -> Callable[[UnitOfWork], Awaitable[Any]]:
            start = number % len(keys)
            order = (keys[start:] + keys[:start])[:: -1 if number % 2 else 1][: 2 + number % 5]
            return lambda uow: uow.throttles.lock(order, NOON)

        for _ in range(2):
            # First while nobody has made them, then when they are there.
            outcomes = await at_once(unit_of_work, *(locking(number) for number in range(MANY)))
            assert kinds(outcomes) == {"tuple": MANY}

    async def test_a_lock_ends_with_its_unit_of_work_however_that_ends(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        for _ in range(3):
            async with asyncio.timeout(PATIENCE), unit_of_work() as uow:
                await uow.users.lock(user.id)
                await uow.roles.lock_administrators()
                await uow.keys.lock()
                await uow.throttles.lock(["b", "a"], NOON)

    async def test_who_would_wait_in_a_circle_gets_through_or_raises_concurrent_update(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        one, other = a_user(), a_user()
        await keep(unit_of_work, one, other)

        def locking(first: User, second: User) -> Callable[[UnitOfWork], Awaitable[Any]]:
            async def lock(uow: UnitOfWork) -> None:
                await uow.users.lock(first.id)
                await asyncio.sleep(0)
                await uow.users.lock(second.id)

            return lock

        pairs = [(one, other), (other, one)] * 2
        outcomes = await at_once(unit_of_work, *(locking(*pair) for pair in pairs))
        assert None in outcomes
        assert set(kinds(outcomes)) <= {"NoneType", ConcurrentUpdate.__name__}
        await change(unit_of_work, locking(one, other))

    async def test_a_session_never_outlives_the_removal_of_its_user(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        sessions = [a_session(user.id) for _ in range(FEWER)]
        adding: list[Callable[[UnitOfWork], Awaitable[Any]]] = [
            lambda u, s=s: u.sessions.add(s)  # type: ignore[misc]
            for s in sessions
        ]
        adding.insert(FEWER // 2, lambda uow: uow.users.remove(user.id))
        outcomes = await at_once(unit_of_work, *adding)
        assert set(kinds(outcomes)) <= {"NoneType", "UserNotFound"}
        assert outcomes[FEWER // 2] is None
        async with unit_of_work.view() as view:
            for session in sessions:
                assert await view.sessions.find(session.id) is None

    async def test_a_role_is_never_removed_under_a_grant(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        users, role = [a_user() for _ in range(FEWER)], a_role()
        await keep(unit_of_work, *users, role)
        granting: list[Callable[[UnitOfWork], Awaitable[Any]]] = [
            lambda uow, u=user: uow.grants.put(a_grant(u.id, role.name))  # type: ignore[misc]
            for user in users
        ]
        granting.insert(FEWER // 2, lambda uow: uow.roles.remove(role.name, NOON))
        outcomes = await at_once(unit_of_work, *granting)
        granted = [outcome is None for outcome in outcomes]
        is_removed = granted.pop(FEWER // 2)
        wrong = [o for o in outcomes if not isinstance(o, RoleInUse | RoleNotFound | None)]
        assert wrong == []
        async with unit_of_work.view() as view:
            kept = [bool(await view.grants.list(user.id)) for user in users]
        assert kept == granted
        assert is_removed is (not any(granted))
