"""A purge takes what is over, also while somebody renews it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_grant, a_user
from limen.testing.contracts.steps import change, keep, look
from limen.testing.fakes import NOON
from tests.integration.onlooker import until_waiting

AsFarAsItCan = Callable[[], Awaitable[None]]


@pytest.fixture
def as_far_as_it_can(storage: str, request: pytest.FixtureRequest) -> AsFarAsItCan:
    """Let a purge come as far as it can while somebody else writes."""
    if storage != "postgresql":
        # There it waits for its turn to write from the beginning.
        return lambda: asyncio.sleep(0)
    url = request.getfixturevalue("postgres_of_worker").url
    return lambda: until_waiting(url, 1)


async def test_a_grant_that_is_renewed_meanwhile_stays(
    unit_of_work: UnitOfWorkFactory, as_far_as_it_can: AsFarAsItCan
) -> None:
    user = a_user()
    renewed = a_grant(user.id)
    await keep(unit_of_work, user, a_grant(user.id, ends_at=NOON - timedelta(days=1)))
    async with unit_of_work() as uow:
        await uow.grants.put(renewed)
        purging = asyncio.create_task(change(unit_of_work, lambda u: u.grants.purge(NOON, 10)))
        await as_far_as_it_can()
        await uow.commit()
    assert await purging == 0
    assert await look(unit_of_work, lambda view: view.grants.list(user.id)) == (renewed,)
