"""The store in memory is as strict as the strictest: what passes here passes elsewhere."""

import asyncio
import copy
from typing import Any

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.core.errors import EmailTaken, StorageReadOnly, UserNotFound
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_user, a_user_id
from limen.testing.contracts.steps import keep
from limen.testing.fakes import CountingIds


@pytest.fixture
def unit_of_work() -> UnitOfWorkFactory:
    return MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())


async def test_after_a_refused_write_there_is_nothing_but_to_leave(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    user = a_user()
    await keep(unit_of_work, user)
    async with unit_of_work() as uow:
        with pytest.raises(EmailTaken):
            await uow.users.add(a_user(email=user.email.address))
        with pytest.raises(RuntimeError):
            await uow.users.add(a_user())
        with pytest.raises(RuntimeError):
            await uow.commit()


async def test_not_finding_somebody_to_lock_is_no_refused_write(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    async with unit_of_work() as uow:
        with pytest.raises(UserNotFound):
            await uow.users.lock(a_user_id())
        await uow.users.add(a_user())
        await uow.commit()


async def test_a_view_goes_on_after_it_refused_to_write(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work.view() as view:
        with pytest.raises(StorageReadOnly):
            await view.users.add(a_user())
        assert await view.accounts.list() == ()


async def test_every_access_gives_others_a_turn(unit_of_work: UnitOfWorkFactory) -> None:
    turns: list[str] = []

    async def read(name: str) -> None:
        async with unit_of_work.view() as view:
            for _ in range(3):
                await view.accounts.list()
                turns.append(name)

    await asyncio.gather(read("a"), read("b"))
    assert turns == ["a", "b"] * 3


async def test_a_rollback_is_exact(unit_of_work: MemoryUnitOfWorkFactory) -> None:
    await keep(unit_of_work, a_user(username="ada"))

    def content() -> dict[str, Any]:
        rows = unit_of_work._store.rows
        return {name: copy.copy(getattr(rows, name)._rows) for name in rows.__slots__}

    before = content()
    async with unit_of_work() as uow:
        await uow.users.add(a_user(username="eve"))
        await uow.users.remove((await uow.accounts.list())[0].user.id)
    assert content() == before
