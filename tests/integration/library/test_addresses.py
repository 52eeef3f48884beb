"""Addresses change hands, on every store."""

import pytest

from limen.core.errors import UserNotFound
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, acting

ADA = "ada@example.org"
NEW = "ada@example.com"


async def test_who_proves_an_address_first_has_it(unit_of_work: UnitOfWorkFactory) -> None:
    limen = Assembly(unit_of_work)
    squatter = await limen.register(NEW)
    await limen.register(ADA)
    await limen.enter(NEW)
    actor = acting(await limen.enter(ADA))
    await limen.delivery.deliver()
    await limen.emails.request_change(new_email=NEW, actor=actor)
    token = (await limen.read_mail(NEW))["link"].partition("#")[2]
    done = await limen.emails.verify(token=token, actor=actor)
    assert (done.user.id, done.user.email.address) == (actor.user_id, NEW)
    with pytest.raises(UserNotFound):
        await limen.users.get(squatter.id, actor=OPERATOR)
