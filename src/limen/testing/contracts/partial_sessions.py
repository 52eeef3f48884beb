"""What `limen.ports.partial_sessions.PartialSessions` promises; more at once: `one_time`."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from limen.core.errors import PartialSessionInvalid, UserNotFound
from limen.core.partial_sessions.model import PartialSession
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_partial_session, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)
END: Final = NOON + timedelta(minutes=10)


async def _kept(unit_of_work: UnitOfWorkFactory) -> PartialSession:
    """Store a user and a partial session of theirs with every field filled."""
    user = a_user()
    partial = a_partial_session(user.id, methods=("pwd", "otp"), label="Zoë's phone 📱", tries=1)
    await keep(unit_of_work, user, partial)
    return partial


async def _find(unit_of_work: UnitOfWorkFactory, partial: PartialSession) -> PartialSession | None:
    return await look(unit_of_work, lambda view: view.partial_sessions.find(partial.id))


async def _consume(unit_of_work: UnitOfWorkFactory, partial: PartialSession, now: datetime) -> None:
    await change(unit_of_work, lambda uow: uow.partial_sessions.consume(partial.id, now))


class PartialSessionsContract(Contract):
    """Sign-ins that wait for a second factor. Fixture: `unit_of_work`."""

    async def test_find_returns_a_partial_session_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        partial = await _kept(unit_of_work)
        bare = a_partial_session(partial.user_id, expires_at=NOON - INSTANT)
        await keep(unit_of_work, bare)
        await assert_kept(unit_of_work, partial, bare)

    async def test_find_returns_none_for_an_unknown_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await _kept(unit_of_work)
        assert await _find(unit_of_work, a_partial_session(a_user_id())) is None

    async def test_add_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_partial_session(a_user_id()))

    async def test_charge_counts_one_try_and_tells_that_there_were_fewer_than_most(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        partial, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, other := a_partial_session(partial.user_id))
        told = [
            await change(unit_of_work, lambda uow: uow.partial_sessions.charge(partial.id, 3))
            for _ in range(3)
        ]
        assert told == [True, True, False]
        await assert_kept(unit_of_work, replace(partial, tries=3), other, theirs)

    async def test_charge_lets_nobody_through_who_has_tried_more_codes_already(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, partial := a_partial_session(user.id, tries=3))
        charged = await change(unit_of_work, lambda uow: uow.partial_sessions.charge(partial.id, 2))
        assert charged is False
        await assert_kept(unit_of_work, partial)

    async def test_charge_of_an_unknown_one_finds_no_try_left(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        unknown = a_partial_session(a_user_id())
        assert not await change(
            unit_of_work, lambda uow: uow.partial_sessions.charge(unknown.id, 5)
        )

    async def test_consume_removes_this_one_and_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        partial = await _kept(unit_of_work)
        await keep(unit_of_work, other := a_partial_session(partial.user_id))
        await _consume(unit_of_work, partial, END - INSTANT)
        assert await _find(unit_of_work, partial) is None
        await assert_kept(unit_of_work, other)

    async def test_consume_raises_partial_session_invalid_the_second_time(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        partial = await _kept(unit_of_work)
        await _consume(unit_of_work, partial, NOON)
        with pytest.raises(PartialSessionInvalid):
            await _consume(unit_of_work, partial, NOON)

    async def test_consume_raises_partial_session_invalid_from_its_end_on(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        partial = await _kept(unit_of_work)
        with pytest.raises(PartialSessionInvalid):
            await _consume(unit_of_work, partial, END)
        await assert_kept(unit_of_work, partial)

    async def test_remove_removes_those_of_this_user_alone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        partial, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, other := a_partial_session(partial.user_id))
        await change(unit_of_work, lambda uow: uow.partial_sessions.remove(partial.user_id))
        assert await _find(unit_of_work, partial) is None
        assert await _find(unit_of_work, other) is None
        await assert_kept(unit_of_work, theirs)

    async def test_partial_sessions_go_with_their_user(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        partial, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await change(unit_of_work, lambda uow: uow.users.remove(partial.user_id))
        assert await _find(unit_of_work, partial) is None
        await assert_kept(unit_of_work, theirs)

    async def test_purge_removes_what_was_over_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        live = await _kept(unit_of_work)
        await keep(unit_of_work, over := a_partial_session(live.user_id, expires_at=END - INSTANT))
        await keep(unit_of_work, later := a_partial_session(live.user_id, expires_at=END + INSTANT))
        assert await change(unit_of_work, lambda uow: uow.partial_sessions.purge(END, 100)) == 1
        assert await _find(unit_of_work, over) is None
        await assert_kept(unit_of_work, live, later)

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, *(a_partial_session(user.id) for _ in range(5)))
        after = END + INSTANT
        removed = [
            await change(unit_of_work, lambda uow: uow.partial_sessions.purge(after, 2))
            for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
