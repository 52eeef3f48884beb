"""Registering, signing in and changing passwords at the same time as others."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from limen.core.errors import InvalidCredentials, SessionEnded, TooManyAttempts
from limen.core.throttles.model import ThrottlePolicy
from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from tests.integration.concurrency.together import (
    MANY,
    UNTHROTTLED,
    kinds,
    live_sessions,
    together,
    two_nodes,
)

NEW = "another horse battery"
BUSY = 24


async def test_a_hundred_registrations_of_one_address_make_one_user(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work)
    outcomes = await together(
        *(
            nodes[n % 2].users.register(
                email="ada@example.org" if n % 3 else "Ada@EXAMPLE.org", password=PASSWORD
            )
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"User": 1, "EmailTaken": MANY - 1}
    assert await nodes[0].event_names() == ["user.registered"]
    (winner,) = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    found = await nodes[1].users.find("ADA@example.org", actor=OPERATOR)
    assert found == winner


async def test_a_hundred_registrations_of_one_username_make_one_user(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    limen = Assembly(unit_of_work)
    outcomes = await together(
        *(
            limen.users.register(email=f"u{n}@example.org", username="Ada", password=PASSWORD)
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"User": 1, "UsernameTaken": MANY - 1}


async def test_of_updates_with_an_expected_version_one_gets_through(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    limen = Assembly(unit_of_work)
    user = await limen.register()
    outcomes = await together(
        *(
            limen.users.update(user.id, actor=OPERATOR, name=f"{n}", expected_version=1)
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"User": 1, "VersionMismatch": MANY - 1}


async def test_of_updates_without_one_none_is_lost(unit_of_work: UnitOfWorkFactory) -> None:
    limen = Assembly(unit_of_work)
    user = await limen.register()
    outcomes = await together(
        *(
            limen.users.update(user.id, actor=OPERATOR, attributes={f"key{n}": n})
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"User": MANY}
    after = await limen.users.get(user.id, actor=OPERATOR)
    assert after.attributes == {f"key{n}": n for n in range(MANY)}
    assert after.version == MANY + 1


async def test_a_hundred_sign_ins_at_once_are_a_hundred_sessions(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    here, there = two_nodes(unit_of_work, UNTHROTTLED)
    user = await here.register()
    outcomes = await together(*((here, there)[n % 2].enter() for n in range(MANY)))
    assert kinds(outcomes) == {"IssuedTokens": MANY}
    assert await live_sessions(here, user.id) == MANY


@pytest.mark.parametrize("round_", range(4))
async def test_no_sign_in_with_the_old_password_outlives_its_change(
    unit_of_work: UnitOfWorkFactory, round_: int
) -> None:
    here, there = two_nodes(unit_of_work, UNTHROTTLED)
    user = await here.register()
    mine = await here.enter()
    calls: list[Coroutine[Any, Any, Any]] = [(here, there)[n % 2].enter() for n in range(BUSY)]
    change = here.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))
    calls.insert(round_ * BUSY // 4, change)
    outcomes = await together(*calls)
    assert outcomes.pop(round_ * BUSY // 4) is None
    assert set(kinds(outcomes)) <= {"IssuedTokens", "InvalidCredentials"}
    # Only the session in which the password was changed is left.
    assert await live_sessions(here, user.id) == 1
    await there.tokens.refresh(refresh_token=mine.refresh_token)
    with pytest.raises(InvalidCredentials):
        await there.enter()
    await there.sign_in.sign_in(identifier="ada@example.org", password=NEW)


async def test_of_many_changes_of_one_password_one_gets_through(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    limen = Assembly(unit_of_work, policies=UNTHROTTLED)
    user = await limen.register()
    mine, _ = await limen.enter(), await limen.enter()
    outcomes = await together(
        *(
            limen.passwords.change(current=PASSWORD, new=f"{NEW} {n}", actor=acting(mine))
            for n in range(BUSY)
        )
    )
    assert kinds(outcomes) == {"NoneType": 1, "CurrentPasswordWrong": BUSY - 1}
    winner = outcomes.index(None)
    await limen.sign_in.sign_in(identifier="ada@example.org", password=f"{NEW} {winner}")
    assert await live_sessions(limen, user.id) == 2


@pytest.mark.parametrize("round_", range(4))
@pytest.mark.parametrize("ending", ["suspend", "delete"])
async def test_no_sign_in_outlives_a_suspension_or_deletion(
    unit_of_work: UnitOfWorkFactory, ending: str, round_: int
) -> None:
    here, there = two_nodes(unit_of_work, UNTHROTTLED)
    user = await here.register()
    calls: list[Coroutine[Any, Any, Any]] = [(here, there)[n % 2].enter() for n in range(BUSY)]
    end = getattr(here.users, ending)(user.id, actor=OPERATOR)
    calls.insert(round_ * BUSY // 4, end)
    outcomes = await together(*calls)
    assert not isinstance(outcomes.pop(round_ * BUSY // 4), Exception)
    assert set(kinds(outcomes)) <= {"IssuedTokens", "InvalidCredentials"}
    assert await live_sessions(here, user.id) == 0
    here.clock.advance(timedelta(seconds=2))
    for tokens in outcomes:
        if isinstance(tokens, IssuedTokens):
            with pytest.raises(SessionEnded):
                await there.tokens.authenticate(tokens.access_token)


async def test_parallel_wrong_passwords_count_as_many_as_one_after_the_other(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    policy = ThrottlePolicy()
    here, there = two_nodes(unit_of_work)
    await here.register()
    outcomes = await together(
        *(
            (here, there)[n % 2].sign_in.sign_in(identifier="ada@example.org", password="wrong")
            for n in range(MANY)
        )
    )
    # The last one that is let through is the first that must be waited for.
    tried = policy.free_failures + 1
    assert kinds(outcomes) == {"InvalidCredentials": tried, "TooManyAttempts": MANY - tried}
    with pytest.raises(TooManyAttempts):
        await there.enter()
    here.clock.advance(policy.first_wait)
    await there.enter()
