"""A purge takes what is over, also while somebody renews it."""

import asyncio
from datetime import timedelta

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_grant, a_user
from limen.testing.contracts.steps import change, keep, look
from limen.testing.fakes import NOON

# Long enough for the purge to come as far as it can before the other one commits.
A_MOMENT = 0.2


async def test_a_grant_that_is_renewed_meanwhile_stays(unit_of_work: UnitOfWorkFactory) -> None:
    user = a_user()
    renewed = a_grant(user.id)
    await keep(unit_of_work, user, a_grant(user.id, ends_at=NOON - timedelta(days=1)))
    async with unit_of_work() as uow:
        await uow.grants.put(renewed)
        purging = asyncio.create_task(change(unit_of_work, lambda u: u.grants.purge(NOON, 10)))
        await asyncio.wait({purging}, timeout=A_MOMENT)
        await uow.commit()
    assert await purging == 0
    assert await look(unit_of_work, lambda view: view.grants.list(user.id)) == (renewed,)
