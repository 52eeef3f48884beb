"""What `limen.ports.factor_resets.FactorResets` promises; many at once: `one_time`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from limen.core.errors import FactorResetNotFound, UserNotFound
from limen.core.factors.model import RESET_WAITS, ResetRequest
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from limen.testing.builders import a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_reset_request

INSTANT: Final = timedelta(microseconds=1)
END: Final = NOON + RESET_WAITS


async def _kept(unit_of_work: UnitOfWorkFactory) -> ResetRequest:
    """Store a user and a request to reset their factors."""
    user = a_user()
    await keep(unit_of_work, user, request := a_reset_request(user.id))
    return request


def _consuming(request: ResetRequest) -> Callable[[UnitOfWork], Awaitable[None]]:
    return lambda uow: uow.factor_resets.consume(request, NOON)


class FactorResetsContract(Contract):
    """Resets of factors that wait for a second administrator. Fixture: `unit_of_work`."""

    async def test_find_returns_the_request_of_a_user(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        one, other = await _kept(unit_of_work), await _kept(unit_of_work)
        await assert_kept(unit_of_work, one, other)
        assert await look(unit_of_work, lambda v: v.factor_resets.find(a_user_id())) is None

    async def test_put_takes_the_place_of_the_earlier_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        earlier = await _kept(unit_of_work)
        later = a_reset_request(earlier.user_id, requested_at=NOON + INSTANT)
        await keep(unit_of_work, later)
        await assert_kept(unit_of_work, later)

    async def test_put_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_reset_request(a_user_id()))

    async def test_consume_removes_the_request_of_this_user_alone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        request, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await change(unit_of_work, lambda u: u.factor_resets.consume(request, END - INSTANT))
        assert await look(unit_of_work, lambda v: v.factor_resets.find(request.user_id)) is None
        await assert_kept(unit_of_work, theirs)

    async def test_consume_raises_factor_reset_not_found_for_any_other_request(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        request = await _kept(unit_of_work)
        others = (
            replace(request, requested_by=a_user_id()),
            replace(request, requested_at=NOON - INSTANT),
            replace(request, expires_at=END + INSTANT),
        )
        for other in others:
            with pytest.raises(FactorResetNotFound):
                await change(unit_of_work, _consuming(other))
        await assert_kept(unit_of_work, request)

    async def test_consume_raises_factor_reset_not_found_from_its_end_on(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        request = await _kept(unit_of_work)
        with pytest.raises(FactorResetNotFound):
            await change(unit_of_work, lambda u: u.factor_resets.consume(request, END))
        await assert_kept(unit_of_work, request)

    async def test_requests_go_with_their_user(self, unit_of_work: UnitOfWorkFactory) -> None:
        request, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await change(unit_of_work, lambda u: u.users.remove(request.user_id))
        assert await look(unit_of_work, lambda v: v.factor_resets.find(request.user_id)) is None
        await assert_kept(unit_of_work, theirs)

    async def test_purge_removes_what_was_over_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        live, user = await _kept(unit_of_work), a_user()
        over = a_reset_request(user.id, requested_at=NOON - INSTANT)
        await keep(unit_of_work, user, over, other := a_user())
        await keep(unit_of_work, later := a_reset_request(other.id, requested_at=NOON + INSTANT))
        assert await change(unit_of_work, lambda u: u.factor_resets.purge(END, 100)) == 1
        assert await look(unit_of_work, lambda v: v.factor_resets.find(user.id)) is None
        await assert_kept(unit_of_work, live, later)

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        for _ in range(5):
            await _kept(unit_of_work)
        after = END + INSTANT
        removed = [
            await change(unit_of_work, lambda u: u.factor_resets.purge(after, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
