"""Refreshing at the same time as others, and as what ends the session."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from limen.core.errors import (
    ConcurrentUpdate,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
)
from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, acting
from tests.integration.concurrency.together import (
    MANY,
    kinds,
    live_sessions,
    together,
    two_nodes,
)

BUSY = 30


async def test_a_hundred_refreshes_of_one_token_give_everybody_the_same_successor(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    here, there = two_nodes(unit_of_work)
    user = await here.register()
    first = await here.enter()
    here.clock.advance(timedelta(minutes=5))
    outcomes = await together(
        *(
            (here, there)[n % 2].tokens.refresh(refresh_token=first.refresh_token)
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"IssuedTokens": MANY}
    assert len({tokens.refresh_token.reveal() for tokens in outcomes}) == 1
    assert (await here.event_names(user.id)).count("token.refreshed") == 1
    # The one successor lives, and the token before it is good for nothing after the grace.
    successor = await there.tokens.refresh(refresh_token=outcomes[0].refresh_token)
    assert successor.refresh_token != outcomes[0].refresh_token
    here.clock.advance(timedelta(seconds=11))
    with pytest.raises(RefreshTokenReused):
        await here.tokens.refresh(refresh_token=first.refresh_token)
    assert await live_sessions(here, user.id) == 0


async def test_a_hundred_uses_of_a_reused_token_end_its_session_once(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    limen = Assembly(unit_of_work)
    user = await limen.register()
    first = await limen.enter()
    second = await limen.tokens.refresh(refresh_token=first.refresh_token)
    limen.clock.advance(timedelta(minutes=1))
    outcomes = await together(
        *(limen.tokens.refresh(refresh_token=first.refresh_token) for _ in range(MANY))
    )
    assert set(kinds(outcomes)) <= {"RefreshTokenReused", "RefreshTokenInvalid"}
    assert kinds(outcomes)["RefreshTokenReused"] >= 1
    assert (await limen.event_names(user.id)).count("token.reuse_detected") == 1
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=second.refresh_token)


@pytest.mark.parametrize("round_", range(4))
async def test_no_refresh_outlives_a_suspension(
    unit_of_work: UnitOfWorkFactory, round_: int
) -> None:
    here, there = two_nodes(unit_of_work)
    user = await here.register()
    sessions = [await here.enter() for _ in range(3)]
    # Late enough that a refresh also stores when the session was last used.
    here.clock.advance(timedelta(minutes=5))
    calls: list[Coroutine[Any, Any, Any]] = [
        (here, there)[n % 2].tokens.refresh(refresh_token=sessions[n % 3].refresh_token)
        for n in range(BUSY)
    ]
    calls.insert(round_ * BUSY // 4, here.users.suspend(user.id, actor=OPERATOR))
    outcomes = await together(*calls)
    suspended = outcomes.pop(round_ * BUSY // 4)
    assert type(suspended).__name__ == "User", repr(suspended)
    assert set(kinds(outcomes)) <= {"IssuedTokens", "RefreshTokenInvalid"}
    assert await live_sessions(here, user.id) == 0
    await _are_good_for_nothing(here, there, [o for o in outcomes if isinstance(o, IssuedTokens)])


@pytest.mark.parametrize("round_", range(4))
async def test_no_refresh_outlives_a_sign_out(unit_of_work: UnitOfWorkFactory, round_: int) -> None:
    here, there = two_nodes(unit_of_work)
    user = await here.register()
    first = await here.enter()
    here.clock.advance(timedelta(minutes=5))
    calls: list[Coroutine[Any, Any, Any]] = [
        (here, there)[n % 2].tokens.refresh(refresh_token=first.refresh_token) for n in range(BUSY)
    ]
    calls.insert(round_ * BUSY // 4, here.sessions.sign_out(actor=acting(first)))
    outcomes = await together(*calls)
    assert outcomes.pop(round_ * BUSY // 4) is None
    assert set(kinds(outcomes)) <= {"IssuedTokens", "RefreshTokenInvalid"}
    assert await live_sessions(here, user.id) == 0
    await _are_good_for_nothing(here, there, [o for o in outcomes if isinstance(o, IssuedTokens)])


@pytest.mark.parametrize("round_", range(4))
async def test_no_refresh_outlives_a_deletion(unit_of_work: UnitOfWorkFactory, round_: int) -> None:
    here, there = two_nodes(unit_of_work)
    user = await here.register()
    first = await here.enter()
    here.clock.advance(timedelta(minutes=5))
    calls: list[Coroutine[Any, Any, Any]] = [
        (here, there)[n % 2].tokens.refresh(refresh_token=first.refresh_token) for n in range(BUSY)
    ]
    calls.insert(round_ * BUSY // 4, here.users.delete(user.id, actor=OPERATOR))
    outcomes = await together(*calls)
    assert outcomes.pop(round_ * BUSY // 4) is None
    assert set(kinds(outcomes)) <= {"IssuedTokens", "RefreshTokenInvalid"}
    await _are_good_for_nothing(here, there, [o for o in outcomes if isinstance(o, IssuedTokens)])


async def test_a_hundred_nodes_that_start_at_once_make_one_signing_key(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = [Assembly(unit_of_work, seed=seed) for seed in range(MANY)]
    outcomes = await together(*(node.keys.ensure(actor=OPERATOR) for node in nodes))
    assert set(kinds(outcomes)) == {"NoneType"}
    assert len(await nodes[0].keys.list(actor=OPERATOR)) == 1


async def _are_good_for_nothing(
    here: Assembly, there: Assembly, issued: list[IssuedTokens]
) -> None:
    """Check that refresh tokens are dead at once, and access tokens within the stated times."""
    for tokens in issued:
        with pytest.raises((RefreshTokenInvalid, ConcurrentUpdate)):
            await there.tokens.refresh(refresh_token=tokens.refresh_token)
        with pytest.raises(SessionEnded):
            await here.tokens.authenticate(tokens.access_token)
    here.clock.advance(timedelta(seconds=2))
    for tokens in issued:
        with pytest.raises(SessionEnded):
            await there.tokens.authenticate(tokens.access_token)
