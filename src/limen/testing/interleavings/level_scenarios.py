"""Sign-ins that wait and sessions that rise, while others end or finish them."""

from base64 import b32decode
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.factors.totp import code_at, step_at
from limen.core.ids import UserId
from limen.core.secret import Secret
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.rising import SteppedUp
from limen.core.states import SessionState
from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, PASSWORD, acting
from limen.testing.interleavings.nodes import (
    KEEPER,
    Nodes,
    check_kinds,
    kind,
    refusal_or,
    two_nodes,
)
from limen.testing.interleavings.stage import Outcomes, Stage

_EMAIL: Final = "ada@example.org"
_STEP: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """Somebody with an app whose sign-in waits, and codes to finish it by."""

    nodes: Nodes
    id: UserId
    me: Actor
    token: Secret[str]
    codes: tuple[Secret[str], ...]


async def _waiting(unit_of_work: UnitOfWorkFactory) -> _Waiting:
    nodes = two_nodes(unit_of_work)
    here = nodes.here
    user = await here.register()
    me = acting(await here.enter())
    made = await here.factors.begin_totp(actor=me)
    app = Secret(b32decode(made.secret.reveal()))
    codes = await here.factors.confirm_totp(code=_code(nodes, app), actor=me)
    return _Waiting(nodes=nodes, id=user.id, me=me, token=await _wait(nodes), codes=codes)


async def two_ends_of_one_sign_in(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One session begins."""
    one = await _waiting(unit_of_work)
    here, there = one.nodes.here.second_step, one.nodes.there.second_step

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"IssuedTokens": 1, "PartialSessionInvalid": 1})
        assert await one.nodes.live_sessions(one.id) == 2

    return Stage(
        limen=one.nodes.here,
        use_cases={
            "finish here": here.finish(partial_token=one.token, code=one.codes[0]),
            "finish there": there.finish(partial_token=one.token, code=one.codes[1]),
        },
        check=check,
    )


async def an_end_of_a_sign_in_and_a_stop(unit_of_work: UnitOfWorkFactory) -> Stage:
    """It is finished or stopped, never both."""
    one = await _waiting(unit_of_work)
    here, there = one.nodes.here.second_step, one.nodes.there.second_step

    async def check(outcomes: Outcomes) -> None:
        check_kinds(
            outcomes,
            {"IssuedTokens": 1, "PartialSessionInvalid": 1},
            {"NoneType": 1, "PartialSessionInvalid": 1},
        )
        is_in = kind(outcomes["finish"]) == "IssuedTokens"
        assert await one.nodes.live_sessions(one.id) == 1 + is_in

    return Stage(
        limen=one.nodes.here,
        use_cases={
            "finish": here.finish(partial_token=one.token, code=one.codes[0]),
            "stop": there.stop(partial_token=one.token),
        },
        check=check,
    )


async def a_step_up_and_a_sign_out(unit_of_work: UnitOfWorkFactory) -> Stage:
    """The session is over, whatever it rose to before."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    mine = await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["sign out"] is None
        assert kind(outcomes["step up"]) in {"SteppedUp", "SessionEnded"}
        assert await nodes.live_sessions(user.id) == 0
        await nodes.check_dead(mine)

    return Stage(
        limen=nodes.here,
        use_cases={
            "step up": nodes.here.step_up.step_up(password=PASSWORD, actor=acting(mine)),
            "sign out": nodes.there.sessions.sign_out(actor=acting(mine)),
        },
        check=check,
    )


async def a_step_up_and_a_refresh(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Once the session has risen, only what the step-up gave is good."""
    nodes = two_nodes(unit_of_work)
    await nodes.here.register()
    mine = await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        check_kinds(
            outcomes,
            {"SteppedUp": 1, "IssuedTokens": 1},
            {"SteppedUp": 1, "RefreshTokenInvalid": 1},
        )
        risen, refreshed = outcomes["step up"], outcomes["refresh"]
        assert isinstance(risen, SteppedUp)
        assert risen.refresh_token is not None
        await nodes.check_dead(refreshed if isinstance(refreshed, IssuedTokens) else mine)
        await nodes.here.tokens.refresh(refresh_token=risen.refresh_token)

    return Stage(
        limen=nodes.here,
        use_cases={
            "step up": nodes.here.step_up.step_up(password=PASSWORD, actor=acting(mine)),
            "refresh": nodes.there.tokens.refresh(refresh_token=mine.refresh_token),
        },
        check=check,
    )


async def two_step_ups_by_one_cookie(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One has the cookie that counts."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    begun = await nodes.here.sign_in.sign_in_by_cookie(identifier=_EMAIL, password=PASSWORD)
    assert not isinstance(begun, PartialSignIn)
    me = Actor.anonymous().as_user(user.id, begun.session.id)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"SteppedUp": 1, "ConcurrentUpdate": 1})
        former = await refusal_or(nodes.here.cookie_sessions.authenticate(begun.cookie))
        assert kind(former) == "SessionEnded"

    here, there = nodes.here.step_up, nodes.there.step_up
    return Stage(
        limen=nodes.here,
        use_cases={
            "here": here.step_up(password=PASSWORD, cookie=begun.cookie, actor=me),
            "there": there.step_up(password=PASSWORD, cookie=begun.cookie, actor=me),
        },
        check=check,
    )


async def an_exchange_and_a_refresh(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Either the cookie carries the session or the next token does."""
    nodes = two_nodes(unit_of_work)
    await nodes.here.register()
    token = (await nodes.here.enter()).refresh_token

    async def check(outcomes: Outcomes) -> None:
        check_kinds(
            outcomes,
            {"CookieSession": 1, "RefreshTokenInvalid": 1},
            {"IssuedTokens": 1, "RefreshTokenInvalid": 1},
            {"IssuedTokens": 1, "ConcurrentUpdate": 1},
        )
        for outcome in outcomes.values():
            await _go_on(nodes, outcome)

    return Stage(
        limen=nodes.here,
        use_cases={
            "exchange": nodes.here.cookie_sessions.exchange(refresh_token=token),
            "refresh": nodes.there.tokens.refresh(refresh_token=token),
        },
        check=check,
    )


async def a_required_app_and_another_sign_in(unit_of_work: UnitOfWorkFactory) -> Stage:
    """The new app ends all else that waits, even for whoever reads its codes."""
    nodes = two_nodes(unit_of_work)
    here = nodes.here
    user = await here.register()
    await here.roles.create(actor=OPERATOR, name=KEEPER, permissions=[])
    await here.roles.grant(user.id, KEEPER, actor=OPERATOR)
    mine, other = await _wait(nodes), await _wait(nodes)
    made = await here.required_factor.begin(partial_token=mine)
    app = Secret(b32decode(made.secret.reveal()))
    code, later = _code(nodes, app), _code(nodes, app, 1)

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["confirm"]) == "FirstFactor"
        assert kind(outcomes["finish"]) in {"FactorInvalid", "PartialSessionInvalid"}
        assert await nodes.live_sessions(user.id) == 1

    return Stage(
        limen=here,
        use_cases={
            "confirm": here.required_factor.confirm(partial_token=mine, code=code),
            "finish": nodes.there.second_step.finish(partial_token=other, code=later),
        },
        check=check,
    )


async def a_sign_in_and_a_role_that_asks_for_more(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever comes in with the password alone has not the role, or no session any more."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    await nodes.here.roles.create(actor=OPERATOR, name=KEEPER, permissions=[])

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["grant"]) == "Grant"
        assert kind(outcomes["sign in"]) in {"IssuedTokens", "PartialSignIn"}
        assert await nodes.live_sessions(user.id) == 0
        await nodes.check_dead(*outcomes.values())

    return Stage(
        limen=nodes.here,
        use_cases={
            "sign in": nodes.here.sign_in.sign_in(identifier=_EMAIL, password=PASSWORD),
            "grant": nodes.there.roles.grant(user.id, KEEPER, actor=OPERATOR),
        },
        check=check,
    )


async def a_return_and_a_role_that_asks_for_more(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever is remembered does not rise by the password alone."""
    nodes = two_nodes(unit_of_work)
    here = nodes.here
    user = await here.register()
    await here.roles.create(actor=OPERATOR, name=KEEPER, permissions=[])
    begun = await here.sign_in.sign_in_by_cookie(
        identifier=_EMAIL, password=PASSWORD, is_remembered=True
    )
    assert isinstance(begun, CookieSession)
    assert begun.kept is not None
    back = await here.remembered.exchange(credential=begun.kept.credential, actor=Actor.anonymous())
    me = Actor.anonymous().as_identified(user.id, back.session.id)

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["grant"]) == "Grant"
        assert kind(outcomes["step up"]) in {"SteppedUp", "SecondFactorNeeded", "SessionEnded"}
        async with here.unit_of_work.view() as view:
            live = await view.sessions.list_live(user.id, here.clock.now())
        assert all(session.state is SessionState.IDENTIFIED for session in live)

    return Stage(
        limen=here,
        use_cases={
            "step up": here.step_up.step_up(password=PASSWORD, cookie=back.cookie, actor=me),
            "grant": nodes.there.roles.grant(user.id, KEEPER, actor=OPERATOR),
        },
        check=check,
    )


async def _wait(nodes: Nodes) -> Secret[str]:
    """Sign in, and return the token of the sign-in that waits."""
    outcome = await nodes.here.sign_in.sign_in(identifier=_EMAIL, password=PASSWORD)
    assert isinstance(outcome, PartialSignIn)
    return outcome.partial_token


async def _go_on(nodes: Nodes, outcome: object) -> None:
    """Use what a session was given last, if anything."""
    if isinstance(outcome, CookieSession):
        await nodes.here.cookie_sessions.authenticate(outcome.cookie)
    elif isinstance(outcome, IssuedTokens):
        await nodes.here.tokens.refresh(refresh_token=outcome.refresh_token)


def _code(nodes: Nodes, app: Secret[bytes], ahead: int = 0) -> str:
    return code_at(app, step_at(nodes.here.clock.now()) + ahead).reveal()
