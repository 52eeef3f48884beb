"""Administrators who take each other away at the same time: one stays, however they try."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from limen.core.actor import Actor
from limen.core.errors import LimenError
from limen.core.ids import UserId
from limen.core.roles.model import ADMIN
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, acting
from tests.integration.concurrency.together import kinds, together, two_nodes

Take = Callable[[Assembly, UserId, Actor], Coroutine[Any, Any, Any]]


async def demote(limen: Assembly, user_id: UserId, actor: Actor) -> None:
    await limen.roles.withdraw(user_id, ADMIN, actor=actor)


async def limit(limen: Assembly, user_id: UserId, actor: Actor) -> None:
    ends_at = limen.clock.now() + timedelta(days=1)
    await limen.roles.grant(user_id, ADMIN, actor=actor, ends_at=ends_at)


async def suspend(limen: Assembly, user_id: UserId, actor: Actor) -> None:
    await limen.users.suspend(user_id, actor=actor)


async def delete(limen: Assembly, user_id: UserId, actor: Actor) -> None:
    await limen.users.delete(user_id, actor=actor)


WAYS: list[Take] = [demote, limit, suspend, delete]


async def administrators(limen: Assembly) -> int:
    """Count those who can do everything, for good."""
    async with limen.unit_of_work.view() as view:
        return await view.grants.count_administrators(besides=UserId(limen.ids.new()))


@pytest.mark.parametrize("one", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("other", WAYS, ids=lambda way: way.__name__)
async def test_of_two_administrators_who_take_each_other_away_one_stays(
    unit_of_work: UnitOfWorkFactory, one: Take, other: Take
) -> None:
    here, there = two_nodes(unit_of_work)
    ada = (await here.administrator("ada@example.org")).id
    eve = (await here.administrator("eve@example.org")).id
    as_ada, as_eve = [acting(await here.enter(f"{name}@example.org")) for name in ("ada", "eve")]
    outcomes = await together(one(here, eve, as_ada), other(there, ada, as_eve))
    assert await administrators(here) == 1
    # Who came second was told why: there is nobody else, or they are no administrator any more.
    assert outcomes.count(None) == 1
    assert set(kinds(outcomes)) <= {
        "NoneType",
        "LastAdministrator",
        "PermissionMissing",
        "UserNotFound",
        "SessionEnded",
    }


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_of_ten_administrators_who_all_go_at_once_one_stays(
    unit_of_work: UnitOfWorkFactory, way: Take
) -> None:
    limen = Assembly(unit_of_work)
    ids = [(await limen.administrator(f"u{n}@example.org")).id for n in range(10)]
    outcomes = await together(*(way(limen, user_id, OPERATOR) for user_id in ids))
    assert kinds(outcomes) == {"NoneType": 9, "LastAdministrator": 1}
    assert await administrators(limen) == 1


async def test_an_administrator_who_resigns_while_another_is_made_leaves_one(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    limen = Assembly(unit_of_work)
    ada = (await limen.administrator("ada@example.org")).id
    eve = (await limen.register("eve@example.org")).id
    grant = limen.roles.grant(eve, ADMIN, actor=OPERATOR)
    granted, deleted = await together(grant, delete(limen, ada, OPERATOR))
    assert not isinstance(granted, LimenError)
    assert await administrators(limen) == (2 if deleted is not None else 1)


@pytest.mark.parametrize("round_", range(3))
async def test_a_role_that_is_deleted_while_it_is_given_is_either_kept_or_gone(
    unit_of_work: UnitOfWorkFactory, round_: int
) -> None:
    limen = Assembly(unit_of_work)
    await limen.roles.create(actor=OPERATOR, name="editor")
    ids = [(await limen.register(f"u{n}@example.org")).id for n in range(6)]
    calls: list[Coroutine[Any, Any, Any]] = [
        limen.roles.grant(user_id, "editor", actor=OPERATOR) for user_id in ids
    ]
    calls.insert(round_ * 3, limen.roles.delete("editor", actor=OPERATOR))
    outcomes = await together(*calls)
    is_deleted = outcomes.pop(round_ * 3) is None
    names = {role.name for role in await limen.roles.list(actor=OPERATOR)}
    assert ("editor" in names) is not is_deleted
    assert set(kinds(outcomes)) == ({"RoleNotFound"} if is_deleted else {"Grant"})
