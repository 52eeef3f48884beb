"""Sessions that browsers carry in a cookie: how they begin, hold, rise and end."""

import asyncio
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import (
    ConcurrentUpdate,
    LimenError,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
)
from limen.core.sessions.model import FRESH
from limen.core.signin.entering import PartialSignIn
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly
from limen.testing.telephone import Telephone

GRACE = timedelta(seconds=10)


async def enter(limen: Assembly, email: str = "ada@example.org") -> CookieSession:
    begun = await limen.sign_in.sign_in_by_cookie(identifier=email, password=PASSWORD)
    assert isinstance(begun, CookieSession)
    return begun


async def come(limen: Assembly) -> CookieSession:
    await limen.register()
    return await enter(limen)


def acting(begun: CookieSession) -> Actor:
    return Actor.anonymous().as_user(begun.user.id, begun.session.id)


async def test_a_password_begins_a_session_that_the_cookie_shows() -> None:
    limen = Assembly()
    begun = await come(limen)
    claims = await limen.cookie_sessions.authenticate(begun.cookie)
    assert claims.session_id == begun.session.id
    assert claims.user_id == begun.user.id
    assert (claims.methods, claims.level, begun.expires_in) == (("pwd",), "1", 90 * 86400)
    assert (await limen.last_event()).name == "signin.succeeded"
    assert begun.cookie.reveal() not in repr(begun)
    assert begun.csrf_token.reveal() not in repr(begun)


async def test_a_second_factor_is_waited_for_and_finishes_into_a_cookie() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    waiting = await limen.sign_in.sign_in_by_cookie(
        identifier="ada@example.org", password=PASSWORD, label="Browser"
    )
    assert isinstance(waiting, PartialSignIn)
    begun = await limen.second_step.finish_by_cookie(
        partial_token=waiting.partial_token, code=ada.code()
    )
    claims = await limen.cookie_sessions.authenticate(begun.cookie)
    assert (claims.level, begun.session.label) == ("2", "Browser")


async def test_roles_are_those_of_the_moment() -> None:
    limen = Assembly()
    begun = await come(limen)
    await limen.roles.grant(begun.user.id, "admin", actor=OPERATOR)
    assert (await limen.cookie_sessions.authenticate(begun.cookie)).roles == ("admin",)


async def test_whoever_may_not_come_in_has_a_worthless_cookie_at_once() -> None:
    limen = Assembly()
    begun = await come(limen)
    await limen.users.suspend(begun.user.id, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        await limen.cookie_sessions.authenticate(begun.cookie)


async def test_a_cookie_ends_with_its_session() -> None:
    limen = Assembly()
    begun = await come(limen)
    await limen.sessions.sign_out(actor=acting(begun))
    with pytest.raises(SessionEnded):
        await limen.cookie_sessions.authenticate(begun.cookie)
    with pytest.raises(SessionEnded):
        await limen.cookie_sessions.authenticate("no cookie")


async def test_use_keeps_a_session_alive_and_is_written_once_a_minute() -> None:
    limen = Assembly()
    begun = await come(limen)
    me, began = acting(begun), limen.clock.now()
    limen.clock.advance(timedelta(seconds=59))
    await limen.cookie_sessions.authenticate(begun.cookie)
    assert (await limen.sessions.list(begun.user.id, actor=me))[0].last_used_at == began
    for _ in range(3):
        limen.clock.advance(timedelta(days=13))
        await limen.cookie_sessions.authenticate(begun.cookie)
    (session,) = await limen.sessions.list(begun.user.id, actor=me)
    assert session.last_used_at == limen.clock.now()
    limen.clock.advance(timedelta(days=14))
    with pytest.raises(SessionEnded):
        await limen.cookie_sessions.authenticate(begun.cookie)


async def test_any_way_in_may_be_turned_into_a_cookie_session() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    begun = await limen.cookie_sessions.exchange(refresh_token=tokens.refresh_token)
    assert begun.session.id == tokens.session_id
    assert (await limen.cookie_sessions.authenticate(begun.cookie)).session_id == tokens.session_id
    assert (await limen.last_event()).name == "session.cookie_set"
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await limen.cookie_sessions.exchange(refresh_token=tokens.refresh_token)


async def test_a_refresh_token_that_was_exchanged_ends_the_session_when_it_comes_again() -> None:
    for again in ("refresh", "exchange"):
        limen = Assembly()
        await limen.register()
        tokens = await limen.enter()
        begun = await limen.cookie_sessions.exchange(refresh_token=tokens.refresh_token)
        limen.clock.advance(GRACE)
        service = limen.tokens if again == "refresh" else limen.cookie_sessions
        with pytest.raises(RefreshTokenReused):
            await getattr(service, again)(refresh_token=tokens.refresh_token)
        with pytest.raises(SessionEnded):
            await limen.cookie_sessions.authenticate(begun.cookie)


async def test_a_refresh_token_that_was_followed_makes_no_cookie() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await limen.cookie_sessions.exchange(refresh_token=tokens.refresh_token)


async def test_nobody_who_ended_or_may_not_come_in_gets_a_cookie() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    await limen.users.suspend(tokens.user.id, actor=OPERATOR)
    with pytest.raises(RefreshTokenInvalid):
        await limen.cookie_sessions.exchange(refresh_token=tokens.refresh_token)


async def test_of_many_who_exchange_one_token_one_wins() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    outcomes = await asyncio.gather(
        *[limen.cookie_sessions.exchange(refresh_token=tokens.refresh_token) for _ in range(20)],
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, CookieSession) for outcome in outcomes) == 1
    assert {type(one) for one in outcomes if not isinstance(one, CookieSession)} <= {
        ConcurrentUpdate,
        RefreshTokenInvalid,
    }


async def test_a_step_up_renews_the_cookie_and_the_old_one_is_worthless_at_once() -> None:
    limen = Assembly()
    begun = await come(limen)
    limen.clock.advance(FRESH)
    risen = await limen.step_up.step_up(password=PASSWORD, cookie=begun.cookie, actor=acting(begun))
    assert risen.cookie is not None
    with pytest.raises(SessionEnded):
        await limen.cookie_sessions.authenticate(begun.cookie)
    claims = await limen.cookie_sessions.authenticate(risen.cookie.cookie)
    assert claims.authenticated_at == limen.clock.now()
    assert claims.session_id == begun.session.id
    assert (await limen.event_names())[-2:] == ["session.cookie_set", "session.stepped_up"]


async def test_a_cookie_session_does_not_rise_without_its_living_cookie() -> None:
    limen = Assembly()
    begun = await come(limen)
    me = acting(begun)
    other = await enter(limen)
    await limen.step_up.step_up(password=PASSWORD, cookie=begun.cookie, actor=me)
    before = await limen.event_names()
    for cookie in (None, begun.cookie, other.cookie):
        with pytest.raises(ConcurrentUpdate):
            await limen.step_up.step_up(password=PASSWORD, cookie=cookie, actor=me)
    assert "session.stepped_up" not in (await limen.event_names())[len(before) :]


async def test_of_many_who_step_up_with_one_cookie_one_wins() -> None:
    limen = Assembly()
    begun = await come(limen)
    use_case = [
        limen.step_up.step_up(password=PASSWORD, cookie=begun.cookie, actor=acting(begun))
        for _ in range(5)
    ]
    outcomes = await asyncio.gather(*use_case, return_exceptions=True)
    won = [one for one in outcomes if not isinstance(one, BaseException)]
    assert len(won) == 1
    assert all(isinstance(one, LimenError) for one in outcomes if one not in won)
    assert won[0].cookie is not None
    await limen.cookie_sessions.authenticate(won[0].cookie.cookie)


async def test_a_session_of_tokens_rises_without_any_cookie() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    me = Actor.anonymous().as_user(tokens.user.id, tokens.session_id)
    risen = await limen.step_up.step_up(password=PASSWORD, actor=me)
    assert risen.cookie is None
    assert risen.refresh_token is not None
    await limen.tokens.refresh(refresh_token=risen.refresh_token)
