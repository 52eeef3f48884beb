"""What `limen.ports.throttles.Throttles` promises."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from limen.core.throttles.model import Throttle
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_throttle
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import change, keep
from limen.testing.fakes import NOON

LATER: Final = NOON + timedelta(minutes=10, microseconds=1)
INSTANT: Final = timedelta(microseconds=1)


def _unknown(key: str) -> Throttle:
    return Throttle(key=key, attempts=0, since=LATER, last_at=LATER)


class ThrottlesContract(Contract):
    """Counted attempts. Fixture: `unit_of_work`."""

    async def test_lock_returns_the_throttles_as_they_were_saved_in_the_order_of_the_keys(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        kept = [
            a_throttle("b", attempts=3, since=NOON - INSTANT, last_at=NOON),
            a_throttle("a", attempts=2**31 - 1, blocked_until=LATER),
            a_throttle("c", attempts=0),
        ]
        await keep(unit_of_work, *kept, a_throttle("other"))
        found = await change(unit_of_work, lambda u: u.throttles.lock(["b", "a", "c"], LATER))
        assert_same(found, tuple(kept))

    async def test_lock_makes_unknown_ones_without_attempts(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        kept = a_throttle("b")
        await keep(unit_of_work, kept)
        expected = (_unknown("c"), kept, _unknown("a"))
        for now in (LATER, LATER + INSTANT):
            async with unit_of_work() as uow:
                assert_same(await uow.throttles.lock(["c", "b", "a"], now), expected)
                await uow.commit()

    async def test_lock_returns_nothing_for_no_keys(self, unit_of_work: UnitOfWorkFactory) -> None:
        assert await change(unit_of_work, lambda uow: uow.throttles.lock([], NOON)) == ()

    async def test_save_stores_every_field(self, unit_of_work: UnitOfWorkFactory) -> None:
        key, other = "account:ada", "account:eve"
        await keep(unit_of_work, a_throttle(key), untouched := a_throttle(other))
        blocked = a_throttle(key, attempts=9, last_at=LATER, blocked_until=LATER + INSTANT)
        for throttle in (blocked, replace(blocked, blocked_until=None)):
            await keep(unit_of_work, throttle)
            found = await change(unit_of_work, lambda u: u.throttles.lock([key, other], LATER))
            assert_same(found, (throttle, untouched))

    async def test_clear_forgets_the_attempts_under_that_key(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_throttle("a", blocked_until=LATER), kept := a_throttle("b"))
        await change(unit_of_work, lambda uow: uow.throttles.clear("a"))
        found = await change(unit_of_work, lambda uow: uow.throttles.lock(["a", "b"], LATER))
        assert (found[0].attempts, found[0].blocked_until) == (0, None)
        assert_same(found[1], kept)

    async def test_clear_of_an_unknown_key_does_nothing(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await change(unit_of_work, lambda uow: uow.throttles.clear("unknown"))

    async def test_clear_after_lock_in_the_same_unit_of_work_forgets(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_throttle("a"))
        async with unit_of_work() as uow:
            await uow.throttles.lock(["a"], NOON)
            await uow.throttles.clear("a")
            await uow.commit()
        (found,) = await change(unit_of_work, lambda uow: uow.throttles.lock(["a"], LATER))
        assert found.attempts == 0

    # --- purge ---

    async def test_purge_removes_those_last_charged_before_and_not_blocked_since(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        before = LATER
        quiet = a_throttle("quiet", last_at=before - INSTANT)
        served = a_throttle("served", blocked_until=before - INSTANT)
        just_served = a_throttle("just served", blocked_until=before)
        gone = [quiet, served, just_served]
        kept = [
            a_throttle("busy", last_at=before),
            a_throttle("busy since", last_at=before + INSTANT),
            a_throttle("busy later", last_at=before + INSTANT, blocked_until=before - INSTANT),
            a_throttle("blocked", blocked_until=before + INSTANT),
        ]
        await keep(unit_of_work, *gone, *kept)
        assert await change(unit_of_work, lambda u: u.throttles.purge(before, 100)) == len(gone)
        keys = [throttle.key for throttle in (*gone, *kept)]
        found = await change(unit_of_work, lambda uow: uow.throttles.lock(keys, LATER))
        assert_same(found, (*(_unknown(throttle.key) for throttle in gone), *kept))

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, *(a_throttle(f"key-{n}") for n in range(5)))
        removed = [
            await change(unit_of_work, lambda uow: uow.throttles.purge(LATER, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
