"""Registering, signing in, changing passwords and shutting people out while others do."""

from typing import Final, cast

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, PASSWORD, acting
from limen.testing.interleavings.nodes import check_kinds, kind, refusal_or, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage

_EMAIL: Final = "ada@example.org"
_SHOUTED: Final = "Ada@EXAMPLE.org"
_NEW: Final = "another horse battery"
_NEWER: Final = "yet another horse battery"


async def two_registrations_of_one_address(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One gets it."""
    nodes = two_nodes(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"User": 1, "EmailTaken": 1})

    return Stage(
        limen=nodes.here,
        use_cases={
            "register here": nodes.here.users.register(email=_EMAIL, password=PASSWORD),
            "register there": nodes.there.users.register(email=_SHOUTED, password=PASSWORD),
        },
        check=check,
    )


async def three_registrations_of_one_address(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One gets it."""
    nodes = two_nodes(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"User": 1, "EmailTaken": 2})

    return Stage(
        limen=nodes.here,
        use_cases={
            "register here": nodes.here.users.register(email=_EMAIL, password=PASSWORD),
            "register there": nodes.there.users.register(email=_SHOUTED, password=PASSWORD),
            "create": nodes.there.users.create(email=_EMAIL, actor=OPERATOR),
        },
        check=check,
    )


async def a_password_change_and_a_sign_in(unit_of_work: UnitOfWorkFactory) -> Stage:
    """No session that began with the old password outlives its change."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    mine = await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["change"] is None
        assert kind(outcomes["sign in"]) in {"IssuedTokens", "InvalidCredentials"}
        assert await nodes.live_sessions(user.id) == 1
        await nodes.check_dead(outcomes["sign in"])
        await nodes.here.tokens.refresh(refresh_token=mine.refresh_token)
        assert kind(await refusal_or(nodes.there.enter())) == "InvalidCredentials"
        await nodes.there.sign_in.sign_in(identifier=_EMAIL, password=_NEW)

    change = nodes.here.passwords.change(current=PASSWORD, new=_NEW, actor=acting(mine))
    return Stage(
        limen=nodes.here,
        use_cases={"change": change, "sign in": nodes.there.enter()},
        check=check,
    )


async def two_changes_of_one_password(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One gets through, and its session is the one that is left."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    mine = await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"NoneType": 1, "CurrentPasswordWrong": 1})
        assert await nodes.live_sessions(user.id) == 1
        is_mine = outcomes["change here"] is None
        await nodes.here.sign_in.sign_in(identifier=_EMAIL, password=_NEW if is_mine else _NEWER)

    change, other = nodes.here.passwords.change, nodes.there.passwords.change
    return Stage(
        limen=nodes.here,
        use_cases={
            "change here": change(current=PASSWORD, new=_NEW, actor=acting(mine)),
            "change there": other(current=PASSWORD, new=_NEWER, actor=acting(mine)),
        },
        check=check,
    )


async def a_sign_in_and_an_end_of_all_others(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Who is told to have come in before the end is out; who comes behind it stays."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    mine, _ = await nodes.here.enter(), await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"IssuedTokens": 1, "int": 1})
        left = {1: 2, 2: 1}
        assert await nodes.live_sessions(user.id) == left[cast("int", outcomes["end"])]

    end = nodes.there.sessions.revoke_others(actor=acting(mine))
    return Stage(
        limen=nodes.here, use_cases={"sign in": nodes.here.enter(), "end": end}, check=check
    )


async def a_sign_in_and_a_suspension(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nobody who was shut out is in."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["suspend"]) == "User"
        assert kind(outcomes["sign in"]) in {"IssuedTokens", "InvalidCredentials"}
        assert await nodes.live_sessions(user.id) == 0
        await nodes.check_dead(outcomes["sign in"])

    suspend = nodes.there.users.suspend(user.id, actor=OPERATOR)
    return Stage(
        limen=nodes.here,
        use_cases={"sign in": nodes.here.enter(), "suspend": suspend},
        check=check,
    )


async def a_sign_in_and_a_deletion(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nothing is left of somebody who was deleted."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["delete"] is None
        assert kind(outcomes["sign in"]) in {"IssuedTokens", "InvalidCredentials"}
        assert await nodes.live_sessions(user.id) == 0
        await nodes.check_dead(outcomes["sign in"])

    delete = nodes.there.users.delete(user.id, actor=OPERATOR)
    return Stage(
        limen=nodes.here,
        use_cases={"sign in": nodes.here.enter(), "delete": delete},
        check=check,
    )


async def a_sign_in_a_password_change_and_a_suspension(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nobody who was shut out is in, with whatever password."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    mine = await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["suspend"]) == "User"
        assert await nodes.live_sessions(user.id) == 0
        await nodes.check_dead(mine, outcomes["sign in"])

    change = nodes.here.passwords.change(current=PASSWORD, new=_NEW, actor=acting(mine))
    return Stage(
        limen=nodes.here,
        use_cases={
            "sign in": nodes.there.enter(),
            "change": change,
            "suspend": nodes.there.users.suspend(user.id, actor=OPERATOR),
        },
        check=check,
    )


async def two_updates_of_one_version(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One gets through."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"User": 1, "VersionMismatch": 1})

    update, other = nodes.here.users.update, nodes.there.users.update
    return Stage(
        limen=nodes.here,
        use_cases={
            "update here": update(user.id, actor=OPERATOR, name="Ada", expected_version=1),
            "update there": other(user.id, actor=OPERATOR, name="Countess", expected_version=1),
        },
        check=check,
    )
