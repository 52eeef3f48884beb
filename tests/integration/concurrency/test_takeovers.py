"""Whoever proves an address first leaves nothing to those who had the account before."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from limen.core.actor import Actor
from limen.core.errors import SessionEnded
from limen.core.ids import UserId
from limen.core.users.ownership import prove_address
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly, acting
from tests.integration.onlooker import until_waiting

AsFarAsItCan = Callable[[], Awaitable[None]]
Making = Callable[[Assembly, Actor], Awaitable[object]]

MAKING: dict[str, Making] = {
    "an API key": lambda limen, me: limen.api_keys.create(_own(me), name="x", actor=me),
    "an app": lambda limen, me: limen.factors.begin_totp(actor=me),
    "a passkey": lambda limen, me: limen.passkeys.begin_enrolment(actor=me),
    "an address": lambda limen, me: limen.emails.request_change(
        new_email="eve@example.org", actor=me
    ),
}


def _own(me: Actor) -> UserId:
    assert me.user_id is not None
    return me.user_id


@pytest.fixture
def as_far_as_it_can(storage: str, request: pytest.FixtureRequest) -> AsFarAsItCan:
    """Let somebody come as far as they can while somebody else writes."""
    if storage != "postgresql":
        # There they wait for their turn to write from the beginning.
        return lambda: asyncio.sleep(0)
    url = request.getfixturevalue("postgres_of_worker").url
    return lambda: until_waiting(url, 1)


@pytest.mark.parametrize("making", MAKING.values(), ids=MAKING)
async def test_nothing_is_made_by_a_session_that_ends_meanwhile(
    unit_of_work: UnitOfWorkFactory, as_far_as_it_can: AsFarAsItCan, making: Making
) -> None:
    limen = Assembly(unit_of_work)
    squatted = await limen.register()
    squatter = acting(await limen.enter())
    async with limen.unit_of_work() as uow:
        user = await uow.users.lock(squatted.id)
        waiting = asyncio.ensure_future(making(limen, squatter))
        await as_far_as_it_can()
        await prove_address(uow, user, Actor.anonymous(), limen.clock.now(), is_maker=False)
        await uow.commit()
    with pytest.raises(SessionEnded):
        await waiting
