"""What `limen.ports.grants.Grants` promises."""

from datetime import timedelta
from typing import Final

import pytest

from limen.core.errors import GrantNotFound, RoleNotFound, UserNotFound
from limen.core.roles.model import ADMIN
from limen.core.users.model import Status
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_grant, a_role, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_service_account

INSTANT: Final = timedelta(microseconds=1)


class GrantsContract(Contract):
    """Who has which role. Fixture: `unit_of_work`."""

    # --- put, list ---

    async def test_list_returns_grants_as_they_were_put_ended_ones_too_in_order_of_role(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        names = ["ab-", "ab0", "ab_", "aba"]
        grants = [
            a_grant(user.id, "aba"),
            a_grant(user.id, "ab_", ends_at=NOON + INSTANT),
            a_grant(user.id, "ab0", ends_at=NOON - timedelta(days=9)),
            a_grant(user.id, "ab-"),
        ]
        await keep(unit_of_work, user, other, *map(a_role, names), *grants)
        await keep(unit_of_work, a_grant(other.id, "aba"))
        found = await look(unit_of_work, lambda view: view.grants.list(user.id))
        assert_same(found, tuple(reversed(grants)))

    async def test_list_returns_nothing_for_a_user_without_grants(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        assert await look(unit_of_work, lambda view: view.grants.list(user.id)) == ()
        assert await look(unit_of_work, lambda view: view.grants.list(a_user_id())) == ()

    async def test_put_replaces_the_grant_for_the_same_user_and_role(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        untouched = a_grant(other.id)
        await keep(unit_of_work, user, other, a_grant(user.id), untouched)
        for ends_at in (NOON + INSTANT, None):
            again = a_grant(user.id, ends_at=ends_at)
            await keep(unit_of_work, again)
            found = await look(unit_of_work, lambda view: view.grants.list(user.id))
            assert_same(found, (again,))
        await assert_kept(unit_of_work, untouched)

    async def test_put_raises_user_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_grant(a_user_id()))

    async def test_put_raises_role_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        with pytest.raises(RoleNotFound):
            await keep(unit_of_work, a_grant(user.id, "nobody-knows"))
        assert await look(unit_of_work, lambda view: view.grants.list(user.id)) == ()

    # --- remove ---

    async def test_remove_removes_that_grant_alone(self, unit_of_work: UnitOfWorkFactory) -> None:
        user, other, role = a_user(), a_user(), a_role()
        kept = [a_grant(user.id), a_grant(other.id, role.name)]
        await keep(unit_of_work, user, other, role, *kept, a_grant(user.id, role.name))
        await change(unit_of_work, lambda uow: uow.grants.remove(user.id, role.name))
        assert_same(await look(unit_of_work, lambda v: v.grants.list(user.id)), (kept[0],))
        assert_same(await look(unit_of_work, lambda v: v.grants.list(other.id)), (kept[1],))

    async def test_remove_raises_grant_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        await keep(unit_of_work, user, a_role("editor"), a_grant(user.id, "editor"))
        with pytest.raises(GrantNotFound):
            await change(unit_of_work, lambda uow: uow.grants.remove(user.id, ADMIN))
        with pytest.raises(GrantNotFound):
            await change(unit_of_work, lambda uow: uow.grants.remove(a_user_id(), "editor"))

    # --- list_held ---

    async def test_list_held_returns_the_roles_that_have_not_ended_in_order_of_name(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        roles = [a_role(name) for name in ("ab-", "ab0", "ab_", "over", "theirs")]
        grants = [
            a_grant(user.id, "ab_"),
            a_grant(user.id, "ab0", ends_at=NOON + INSTANT),
            a_grant(user.id, "ab-"),
            a_grant(user.id, "over", ends_at=NOON),
            a_grant(other.id, "theirs"),
        ]
        await keep(unit_of_work, user, other, *roles, *grants)
        held = await look(unit_of_work, lambda view: view.grants.list_held(user.id, NOON))
        assert_same(held, tuple(roles[:3]))

    @pytest.mark.parametrize("status", [Status.PENDING, Status.SUSPENDED])
    async def test_list_held_returns_nothing_for_users_who_are_not_active(
        self, unit_of_work: UnitOfWorkFactory, status: Status
    ) -> None:
        user = a_user(status=status)
        await keep(unit_of_work, user, a_grant(user.id))
        assert await look(unit_of_work, lambda v: v.grants.list_held(user.id, NOON)) == ()

    async def test_list_held_returns_nothing_for_users_who_are_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        assert await look(unit_of_work, lambda v: v.grants.list_held(a_user_id(), NOON)) == ()

    # --- count_administrators ---

    async def test_count_administrators_counts_the_other_active_ones_whose_grant_has_no_end(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        one, two, ending, editor = (a_user() for _ in range(4))
        suspended, pending = a_user(status=Status.SUSPENDED), a_user(status=Status.PENDING)
        await keep(unit_of_work, one, two, ending, editor, suspended, pending, a_role("editor"))
        for user in (one, two, suspended, pending):
            await keep(unit_of_work, a_grant(user.id))
        await keep(unit_of_work, a_grant(ending.id, ends_at=NOON + timedelta(days=999)))
        await keep(unit_of_work, a_grant(editor.id, "editor"))
        async with unit_of_work.view() as view:
            assert await view.grants.count_administrators(besides=one.id) == 1
            assert await view.grants.count_administrators(besides=ending.id) == 2
            assert await view.grants.count_administrators(besides=a_user_id()) == 2

    async def test_count_administrators_counts_no_service_account(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        person, account = a_user(), a_service_account()
        await keep(unit_of_work, person, account, a_grant(person.id), a_grant(account.id))
        async with unit_of_work.view() as view:
            assert await view.grants.count_administrators(besides=a_user_id()) == 1
            assert await view.grants.count_administrators(besides=person.id) == 0

    async def test_count_administrators_counts_none_in_a_new_store(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        async with unit_of_work.view() as view:
            assert await view.grants.count_administrators(besides=a_user_id()) == 0

    # --- purge ---

    async def test_purge_removes_grants_that_ended_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, names = a_user(), ["a-1", "a-2", "a-3", "a-4"]
        ends = [NOON - INSTANT, NOON, NOON + INSTANT, None]
        grants = [
            a_grant(user.id, name, ends_at=end) for name, end in zip(names, ends, strict=True)
        ]
        await keep(unit_of_work, user, *map(a_role, names), *grants)
        assert await change(unit_of_work, lambda uow: uow.grants.purge(NOON, 100)) == 1
        found = await look(unit_of_work, lambda view: view.grants.list(user.id))
        assert_same(found, tuple(grants[1:]))

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        people = [a_user() for _ in range(5)]
        await keep(unit_of_work, *people)
        await keep(unit_of_work, *(a_grant(p.id, ends_at=NOON - INSTANT) for p in people))
        removed = [
            await change(unit_of_work, lambda uow: uow.grants.purge(NOON, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
