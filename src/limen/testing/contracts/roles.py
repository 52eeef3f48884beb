"""What `limen.ports.roles.Roles` promises."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from limen.core.errors import ConcurrentUpdate, RoleInUse, RoleNotFound, RoleTaken
from limen.core.roles.model import ADMIN, OWN, Role, permissions_of
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_grant, a_role, a_user
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON


class RolesContract(Contract):
    """Roles. Fixture: `unit_of_work`."""

    async def test_the_built_in_admin_is_there_from_the_start(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        (admin,) = await look(unit_of_work, lambda view: view.roles.list())
        assert admin.name == ADMIN
        assert admin.is_built_in
        assert permissions_of([admin]) == OWN
        assert admin.created_at.utcoffset() == timedelta(0)
        await assert_kept(unit_of_work, admin)

    async def test_get_returns_the_role_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        role = a_role(permissions=frozenset({"invoices.read", "users.read", "a.b_c.d1"}))
        bare = Role(name="bare", created_at=NOON, updated_at=NOON)
        await keep(unit_of_work, role, bare)
        await assert_kept(unit_of_work, role, bare)

    @pytest.mark.parametrize("name", ["edito", "editors", "Editor", "e_itor", "%"])
    async def test_get_raises_role_not_found(
        self, unit_of_work: UnitOfWorkFactory, name: str
    ) -> None:
        await keep(unit_of_work, a_role("editor"))
        with pytest.raises(RoleNotFound):
            await look(unit_of_work, lambda view: view.roles.get(name))

    async def test_list_returns_all_roles_in_order_of_name(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        # By code point: a dash before a digit before an underscore before a letter.
        names = ["ab-", "ab0", "ab_", "aba", "zz", "zz-9"]
        roles = [a_role(name) for name in reversed(names)]
        await keep(unit_of_work, *roles)
        found = await look(unit_of_work, lambda view: view.roles.list())
        assert [role.name for role in found] == [*names[:4], ADMIN, *names[4:]]
        assert_same([role for role in found if role.name != ADMIN], roles[::-1])

    async def test_add_raises_role_taken(self, unit_of_work: UnitOfWorkFactory) -> None:
        role = a_role("editor")
        await keep(unit_of_work, role)
        for name in ("editor", ADMIN):
            with pytest.raises(RoleTaken):
                await keep(unit_of_work, a_role(name))
        await assert_kept(unit_of_work, role)

    async def test_save_stores_every_changed_field(self, unit_of_work: UnitOfWorkFactory) -> None:
        role, untouched = a_role(), a_role()
        await keep(unit_of_work, role, untouched)
        changed = role.replaced("other", frozenset({"b.c"}), NOON + timedelta(seconds=1))
        await change(unit_of_work, lambda uow: uow.roles.save(changed))
        await assert_kept(unit_of_work, changed, untouched)
        emptied = changed.replaced("", frozenset(), NOON)
        await change(unit_of_work, lambda uow: uow.roles.save(emptied))
        await assert_kept(unit_of_work, emptied)

    @pytest.mark.parametrize("version", [4, 5, 7, 1])
    async def test_save_raises_concurrent_update_unless_the_stored_version_is_one_less(
        self, unit_of_work: UnitOfWorkFactory, version: int
    ) -> None:
        role = a_role(version=5)
        await keep(unit_of_work, role)
        late = replace(role, description="late", version=version)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.roles.save(late))
        await assert_kept(unit_of_work, role)

    async def test_save_raises_concurrent_update_for_a_role_that_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.roles.save(a_role(version=2)))

    async def test_remove_removes_the_role(self, unit_of_work: UnitOfWorkFactory) -> None:
        role, kept = a_role(), a_role()
        await keep(unit_of_work, role, kept)
        await change(unit_of_work, lambda uow: uow.roles.remove(role.name, NOON))
        with pytest.raises(RoleNotFound):
            await look(unit_of_work, lambda view: view.roles.get(role.name))
        await assert_kept(unit_of_work, kept)

    async def test_remove_raises_role_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        with pytest.raises(RoleNotFound):
            await change(unit_of_work, lambda uow: uow.roles.remove("nobody-knows", NOON))

    @pytest.mark.parametrize("ends_at", [None, NOON + timedelta(microseconds=1)])
    async def test_remove_raises_role_in_use_while_a_grant_that_has_not_ended_names_it(
        self, unit_of_work: UnitOfWorkFactory, ends_at: datetime | None
    ) -> None:
        user, other, role = a_user(), a_user(), a_role()
        grant = a_grant(user.id, role.name, ends_at=ends_at)
        ended = a_grant(other.id, role.name, ends_at=NOON)
        await keep(unit_of_work, user, other, role, grant, ended)
        with pytest.raises(RoleInUse):
            await change(unit_of_work, lambda uow: uow.roles.remove(role.name, NOON))
        await assert_kept(unit_of_work, role, grant, ended)

    async def test_remove_takes_the_ended_grants_of_the_role_along(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, role, other = a_user(), a_role(), a_role()
        kept = a_grant(user.id, other.name, ends_at=NOON - timedelta(days=1))
        await keep(unit_of_work, user, role, other, kept)
        await keep(unit_of_work, a_grant(user.id, role.name, ends_at=NOON))
        await change(unit_of_work, lambda uow: uow.roles.remove(role.name, NOON))
        assert_same(await look(unit_of_work, lambda v: v.grants.list(user.id)), (kept,))

    async def test_lock_administrators_is_there_for_every_unit_of_work(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        # That it makes others wait is a matter of concurrency.
        for _ in range(2):
            await change(unit_of_work, lambda uow: uow.roles.lock_administrators())
