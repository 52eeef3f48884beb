"""Giving and taking roles, and administrators who take each other away."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeAlias

from limen.core.actor import Actor
from limen.core.ids import UserId
from limen.core.roles.model import ADMIN
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage

_Way: TypeAlias = Callable[[Assembly, UserId, Actor], Coroutine[Any, Any, object]]


async def a_grant_and_the_removal_of_its_role(unit_of_work: UnitOfWorkFactory) -> Stage:
    """The role is given and stays, or is gone and given to nobody."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    await nodes.here.roles.create(actor=OPERATOR, name="editor")

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"Grant": 1, "RoleInUse": 1}, {"RoleNotFound": 1, "NoneType": 1})

    return Stage(
        limen=nodes.here,
        use_cases={
            "grant": nodes.here.roles.grant(user.id, "editor", actor=OPERATOR),
            "remove": nodes.there.roles.delete("editor", actor=OPERATOR),
        },
        check=check,
    )


async def a_grant_and_the_deletion_of_its_user(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nobody who is gone has a role."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    await nodes.here.roles.create(actor=OPERATOR, name="editor")

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["delete"] is None
        assert kind(outcomes["grant"]) in {"Grant", "UserNotFound"}

    return Stage(
        limen=nodes.here,
        use_cases={
            "grant": nodes.here.roles.grant(user.id, "editor", actor=OPERATOR),
            "delete": nodes.there.users.delete(user.id, actor=OPERATOR),
        },
        check=check,
    )


async def two_withdrawals_of_one_grant(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One takes it, the other finds none."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    await nodes.here.roles.create(actor=OPERATOR, name="editor")
    await nodes.here.roles.grant(user.id, "editor", actor=OPERATOR)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"NoneType": 1, "GrantNotFound": 1})

    return Stage(
        limen=nodes.here,
        use_cases={
            "withdraw here": nodes.here.roles.withdraw(user.id, "editor", actor=OPERATOR),
            "withdraw there": nodes.there.roles.withdraw(user.id, "editor", actor=OPERATOR),
        },
        check=check,
    )


# --- the last administrator ----------------------------------------------------------------------


async def _withdraw(limen: Assembly, user_id: UserId, actor: Actor) -> None:
    await limen.roles.withdraw(user_id, ADMIN, actor=actor)


async def _limit(limen: Assembly, user_id: UserId, actor: Actor) -> object:
    end = limen.clock.now() + timedelta(days=1)
    return await limen.roles.grant(user_id, ADMIN, actor=actor, ends_at=end)


async def _suspend(limen: Assembly, user_id: UserId, actor: Actor) -> object:
    return await limen.users.suspend(user_id, actor=actor)


async def _delete(limen: Assembly, user_id: UserId, actor: Actor) -> None:
    await limen.users.delete(user_id, actor=actor)


async def _two_against_each_other(unit_of_work: UnitOfWorkFactory, one: _Way, other: _Way) -> Stage:
    nodes = two_nodes(unit_of_work)
    ada = (await nodes.here.administrator("ada@example.org")).id
    eve = (await nodes.here.administrator("eve@example.org")).id
    as_ada, as_eve = [acting(await nodes.here.enter(f"{n}@example.org")) for n in ("ada", "eve")]

    async def check(outcomes: Outcomes) -> None:
        late = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
        assert len(late) == 1, f"{len(late)} of two were refused"
        assert kind(late[0]) in {
            *("LastAdministrator", "PermissionMissing", "UserNotFound", "SessionEnded")
        }
        await _check_one_stays(nodes)

    return Stage(
        limen=nodes.here,
        use_cases={
            "Ada against Eve": one(nodes.here, eve, as_ada),
            "Eve against Ada": other(nodes.there, ada, as_eve),
        },
        check=check,
    )


async def _check_one_stays(nodes: Nodes) -> None:
    async with nodes.here.unit_of_work.view() as view:
        nobody = UserId(nodes.here.ids.new())
        count = await view.grants.count_administrators(besides=nobody)
    assert count == 1, f"{count} administrators are left"


async def two_administrators_who_demote_each_other(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One stays."""
    return await _two_against_each_other(unit_of_work, _withdraw, _withdraw)


async def two_administrators_who_suspend_each_other(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One stays."""
    return await _two_against_each_other(unit_of_work, _suspend, _suspend)


async def two_administrators_who_demote_and_delete(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One stays."""
    return await _two_against_each_other(unit_of_work, _withdraw, _delete)


async def two_administrators_who_limit_and_suspend(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One stays."""
    return await _two_against_each_other(unit_of_work, _limit, _suspend)


async def three_administrators_who_go_at_once(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One stays."""
    nodes = two_nodes(unit_of_work)
    ada, eve, kim = [
        (await nodes.here.administrator(f"{name}@example.org")).id for name in ("ada", "eve", "kim")
    ]

    async def check(outcomes: Outcomes) -> None:
        late = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
        assert [kind(outcome) for outcome in late] == ["LastAdministrator"]
        await _check_one_stays(nodes)

    return Stage(
        limen=nodes.here,
        use_cases={
            "demote Ada": _withdraw(nodes.here, ada, OPERATOR),
            "suspend Eve": _suspend(nodes.there, eve, OPERATOR),
            "delete Kim": _delete(nodes.there, kim, OPERATOR),
        },
        check=check,
    )
