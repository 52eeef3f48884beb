"""What `limen.ports.unit_of_work.View` promises: the store as it stands, to read from."""

import asyncio
from dataclasses import replace

import pytest

from limen.core.errors import StorageReadOnly
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_user
from limen.testing.contract import Contract
from limen.testing.contracts.calls import WRITES
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep


class ViewContract(Contract):
    """Views. Fixture: `unit_of_work`."""

    @pytest.mark.parametrize("write", sorted(WRITES))
    async def test_a_view_refuses_to_write(
        self, unit_of_work: UnitOfWorkFactory, write: str
    ) -> None:
        async with unit_of_work.view() as view:
            with pytest.raises(StorageReadOnly):
                await WRITES[write](view)

    async def test_a_view_sees_what_is_committed_statement_by_statement(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        async with unit_of_work.view() as view:
            assert await view.users.find(user.email) is None
            await keep(unit_of_work, user)
            assert_same(await view.users.find(user.email), user)
            changed = replace(user, name="changed", version=2)
            await change(unit_of_work, lambda uow: uow.users.save(changed))
            assert_same(await view.users.get(user.id), changed)

    async def test_a_view_never_waits_for_a_unit_of_work(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        async with unit_of_work() as uow:
            await uow.roles.lock_administrators()
            await uow.users.save(replace(await uow.users.lock(user.id), name="new", version=2))
            async with asyncio.timeout(30):
                await assert_kept(unit_of_work, user)
