"""Refreshing while others refresh, or end the session."""

from datetime import timedelta

from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, PASSWORD, acting
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage

# Late enough that a refresh also stores when the session was last used.
_A_WHILE = timedelta(minutes=5)


async def _signed_in(unit_of_work: UnitOfWorkFactory) -> tuple[Nodes, IssuedTokens]:
    nodes = two_nodes(unit_of_work)
    await nodes.here.register()
    tokens = await nodes.here.enter()
    nodes.here.clock.advance(_A_WHILE)
    return nodes, tokens


async def _check_one_successor(nodes: Nodes, outcomes: Outcomes) -> None:
    issued = [tokens for tokens in outcomes.values() if isinstance(tokens, IssuedTokens)]
    assert len({tokens.refresh_token.reveal() for tokens in issued}) == 1, "the family forked"
    await nodes.here.tokens.refresh(refresh_token=issued[0].refresh_token)


async def two_refreshes_with_one_token(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Both get the same successor, which lives."""
    nodes, first = await _signed_in(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"IssuedTokens": 2})
        await _check_one_successor(nodes, outcomes)

    token = first.refresh_token
    return Stage(
        limen=nodes.here,
        use_cases={
            "refresh here": nodes.here.tokens.refresh(refresh_token=token),
            "refresh there": nodes.there.tokens.refresh(refresh_token=token),
        },
        check=check,
    )


async def three_refreshes_with_one_token(unit_of_work: UnitOfWorkFactory) -> Stage:
    """All get the same successor, which lives."""
    nodes, first = await _signed_in(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"IssuedTokens": 3})
        await _check_one_successor(nodes, outcomes)

    token = first.refresh_token
    return Stage(
        limen=nodes.here,
        use_cases={
            "one refresh": nodes.here.tokens.refresh(refresh_token=token),
            "another refresh": nodes.here.tokens.refresh(refresh_token=token),
            "refresh there": nodes.there.tokens.refresh(refresh_token=token),
        },
        check=check,
    )


async def a_refresh_and_a_refresh_too_late(unit_of_work: UnitOfWorkFactory) -> Stage:
    """A token that comes again after its grace ends the session, whoever refreshes meanwhile."""
    nodes, first = await _signed_in(unit_of_work)
    second = await nodes.here.tokens.refresh(refresh_token=first.refresh_token)
    nodes.here.clock.advance(_A_WHILE)

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["too late"]) == "RefreshTokenReused"
        assert kind(outcomes["refresh"]) in {"IssuedTokens", "RefreshTokenInvalid"}
        assert await nodes.live_sessions(first.user.id) == 0
        await nodes.check_dead(second, *outcomes.values())

    return Stage(
        limen=nodes.here,
        use_cases={
            "refresh": nodes.here.tokens.refresh(refresh_token=second.refresh_token),
            "too late": nodes.there.tokens.refresh(refresh_token=first.refresh_token),
        },
        check=check,
    )


async def a_refresh_and_a_revocation(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nothing of the session lives on, whatever the refresh gave."""
    nodes, first = await _signed_in(unit_of_work)
    user_id = first.user.id

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["revoke"] is None
        assert kind(outcomes["refresh"]) in {"IssuedTokens", "RefreshTokenInvalid"}
        assert await nodes.live_sessions(user_id) == 0
        await nodes.check_dead(first, *outcomes.values())

    return Stage(
        limen=nodes.here,
        use_cases={
            "refresh": nodes.here.tokens.refresh(refresh_token=first.refresh_token),
            "revoke": nodes.there.sessions.revoke(user_id, first.session_id, actor=OPERATOR),
        },
        check=check,
    )


async def a_refresh_and_a_suspension(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nothing of the user lives on, whatever the refresh gave."""
    nodes, first = await _signed_in(unit_of_work)
    user_id = first.user.id

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["suspend"]) == "User"
        assert kind(outcomes["refresh"]) in {"IssuedTokens", "RefreshTokenInvalid"}
        assert await nodes.live_sessions(user_id) == 0
        await nodes.check_dead(first, *outcomes.values())

    return Stage(
        limen=nodes.here,
        use_cases={
            "refresh": nodes.here.tokens.refresh(refresh_token=first.refresh_token),
            "suspend": nodes.there.users.suspend(user_id, actor=OPERATOR),
        },
        check=check,
    )


async def two_refreshes_and_a_suspension(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nothing of the user lives on, whatever the refreshes gave."""
    nodes, first = await _signed_in(unit_of_work)
    user_id, token = first.user.id, first.refresh_token

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["suspend"]) == "User"
        assert await nodes.live_sessions(user_id) == 0
        await nodes.check_dead(first, *outcomes.values())

    return Stage(
        limen=nodes.here,
        use_cases={
            "refresh here": nodes.here.tokens.refresh(refresh_token=token),
            "refresh there": nodes.there.tokens.refresh(refresh_token=token),
            "suspend": nodes.there.users.suspend(user_id, actor=OPERATOR),
        },
        check=check,
    )


async def a_refresh_and_a_password_change_elsewhere(unit_of_work: UnitOfWorkFactory) -> Stage:
    """A changed password ends the session that is refreshed at the same time."""
    nodes, first = await _signed_in(unit_of_work)
    mine = await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["change"] is None
        assert kind(outcomes["refresh"]) in {"IssuedTokens", "RefreshTokenInvalid"}
        assert await nodes.live_sessions(first.user.id) == 1
        await nodes.check_dead(first, *outcomes.values())

    change = nodes.there.passwords.change(
        current=PASSWORD, new="another horse battery", actor=acting(mine)
    )
    refresh = nodes.here.tokens.refresh(refresh_token=first.refresh_token)
    return Stage(limen=nodes.here, use_cases={"refresh": refresh, "change": change}, check=check)
