"""What `limen.ports.families.RefreshFamilies` promises."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from limen.core.errors import ConcurrentUpdate
from limen.core.sessions.model import EndReason
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import Json, Status
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import (
    a_family,
    a_full_session,
    a_full_user,
    a_grant,
    a_role,
    a_session,
    a_session_id,
    a_user,
)
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON


def _next(family: RefreshFamily) -> RefreshFamily:
    return replace(
        family,
        generation=family.generation + 1,
        digest=bytes(31) + b"n",
        previous_digest=family.digest,
        rotated_at=family.rotated_at + timedelta(microseconds=1),
    )


class FamiliesContract(Contract):
    """Refresh families. Fixture: `unit_of_work`."""

    @pytest.mark.parametrize("generation", [1, 2, 2**31 - 1])
    async def test_find_standing_returns_the_family_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory, generation: int
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        family = a_family(session.id, generation=generation)
        await keep(unit_of_work, user, session, family)
        await assert_kept(unit_of_work, family)

    async def test_find_standing_returns_session_user_and_live_roles_as_well(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_full_user(), a_user()
        session = a_full_session(user.id)
        things = [user, other, session, family := a_family(session.id)]
        roles = [a_role("bb"), a_role("a-a"), a_role("ended"), a_role("theirs")]
        grants = [
            a_grant(user.id, "bb"),
            a_grant(user.id, "a-a", ends_at=NOON + timedelta(microseconds=1)),
            a_grant(user.id, "ended", ends_at=NOON),
            a_grant(other.id, "theirs"),
        ]
        await keep(unit_of_work, *things, *roles, *grants)
        found = await look(unit_of_work, lambda v: v.families.find_standing(session.id, NOON))
        expected = Standing(family=family, session=session, user=user, roles=("a-a", "bb"))
        assert_same(found, expected)

    async def test_what_happens_to_a_standing_found_does_not_reach_the_store(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user(attributes={"teams": ["red"]})
        session = a_session(user.id)
        await keep(unit_of_work, user, session, a_family(session.id))
        for _ in range(2):
            found = await look(unit_of_work, lambda v: v.families.find_standing(session.id, NOON))
            assert found is not None
            teams = cast("list[Json]", found.user.attributes["teams"])
            assert teams == ["red"]
            teams.append("green")

    async def test_find_standing_returns_none_without_a_family(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        await keep(unit_of_work, user, session)
        for session_id in (session.id, a_session_id()):
            async with unit_of_work.view() as view:
                assert await view.families.find_standing(session_id, NOON) is None

    async def test_find_standing_returns_sessions_that_ended_or_ran_out(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        ended, run_out = a_session(user.id), a_session(user.id, expires_at=NOON)
        await keep(unit_of_work, user, ended, run_out, a_family(ended.id), a_family(run_out.id))
        await change(
            unit_of_work,
            lambda uow: uow.sessions.end(user.id, NOON, EndReason.REVOKED, only=ended.id),
        )
        for session in (ended, run_out):
            async with unit_of_work.view() as view:
                standing = await view.families.find_standing(session.id, NOON)
                assert standing is not None
                assert_same(standing.session, await view.sessions.find(session.id))

    @pytest.mark.parametrize("status", list(Status))
    async def test_find_standing_returns_roles_whatever_the_status(
        self, unit_of_work: UnitOfWorkFactory, status: Status
    ) -> None:
        user = a_user(status=status)
        session = a_session(user.id)
        await keep(unit_of_work, user, session, a_family(session.id), a_grant(user.id))
        found = await look(unit_of_work, lambda v: v.families.find_standing(session.id, NOON))
        assert found is not None
        assert found.roles == ("admin",)

    # --- rotate ---

    async def test_rotate_stores_the_next_generation(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        session, other = a_session(user.id), a_session(user.id)
        family, untouched = a_family(session.id), a_family(other.id)
        await keep(unit_of_work, user, session, other, family, untouched)
        await change(unit_of_work, lambda uow: uow.families.rotate(_next(family)))
        await assert_kept(unit_of_work, _next(family), untouched)
        await change(unit_of_work, lambda uow: uow.families.rotate(_next(_next(family))))
        await assert_kept(unit_of_work, _next(_next(family)), untouched)

    @pytest.mark.parametrize("generation", [1, 4, 5, 7])
    async def test_rotate_raises_concurrent_update_unless_the_stored_generation_is_one_less(
        self, unit_of_work: UnitOfWorkFactory, generation: int
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        family = a_family(session.id, generation=5)
        await keep(unit_of_work, user, session, family)
        late = replace(_next(family), generation=generation)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.families.rotate(late))
        await assert_kept(unit_of_work, family)

    async def test_rotate_raises_concurrent_update_if_the_family_has_ended(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        session = a_session(user.id)
        family = a_family(session.id)
        await keep(unit_of_work, user, session, family)
        await change(unit_of_work, lambda uow: uow.sessions.end(user.id, NOON, EndReason.REVOKED))
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.families.rotate(_next(family)))
        await assert_kept(unit_of_work, replace(family, ended_at=NOON))

    async def test_rotate_raises_concurrent_update_if_the_family_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(ConcurrentUpdate):
            await change(
                unit_of_work, lambda uow: uow.families.rotate(_next(a_family(a_session_id())))
            )
