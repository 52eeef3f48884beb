"""What a session that rises gives and tells, and what does not rise."""

from datetime import timedelta

import pytest

from limen.adapters.memory.sessions import MemorySessions
from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.devices.model import MARK_BYTES, digest_of_mark, write_mark
from limen.core.errors import SecondFactorNeeded, SessionEnded
from limen.core.sessions.model import FRESH, Session
from limen.core.signin.levels import EVERYBODY, FactorPolicy
from limen.testing.assembly import PASSWORD, Assembly, acting
from limen.testing.builders import a_session_id
from limen.testing.policies import Policies

IDLE = timedelta(days=14)


async def by_cookie(limen: Assembly) -> CookieSession:
    """Ada signs in to a browser that is to remember her."""
    await limen.register()
    begun = await limen.sign_in.sign_in_by_cookie(
        identifier="ada@example.org", password=PASSWORD, is_remembered=True
    )
    assert isinstance(begun, CookieSession)
    return begun


async def come_back(limen: Assembly) -> CookieSession:
    """Ada's browser is remembered, and proves nothing."""
    begun = await by_cookie(limen)
    assert begun.kept is not None
    return await limen.remembered.exchange(credential=begun.kept.credential)


async def assert_told(limen: Assembly, actor: Actor, renewal: str) -> None:
    """The second secret of the actor's session was told of, and that they rose, now."""
    async with limen.unit_of_work.view() as view:
        events = (await view.outbox.list(limit=100))[-2:]
    session = str(actor.session_id)
    assert [(event.name, dict(event.payload)) for event in events] == [
        (renewal, {"session_id": session, "generation": 2}),
        ("session.stepped_up", {"session_id": session, "methods": ["pwd"]}),
    ]
    whose = {(event.at, event.actor, event.user_id) for event in events}
    assert whose == {(limen.clock.now(), actor, actor.user_id)}


async def test_a_session_of_tokens_is_given_a_refresh_token_and_not_a_second_more() -> None:
    limen = Assembly()
    await limen.register()
    me = acting(await limen.enter())
    limen.clock.advance(FRESH)
    risen = await limen.step_up.step_up(password=PASSWORD, actor=me)
    assert risen.refresh_expires_in == (IDLE - FRESH).total_seconds()
    await assert_told(limen, me, "token.refreshed")


async def test_a_session_of_a_browser_is_given_a_cookie_of_the_same_user() -> None:
    limen = Assembly()
    begun = await by_cookie(limen)
    me = Actor.anonymous().as_user(begun.user.id, begun.session.id)
    limen.clock.advance(FRESH)
    risen = await limen.step_up.step_up(password=PASSWORD, cookie=begun.cookie, actor=me)
    assert risen.cookie is not None
    assert risen.cookie.user == begun.user
    await assert_told(limen, me, "session.cookie_set")


async def test_what_is_no_session_or_has_run_out_does_not_rise() -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    nowhere = Actor.anonymous().as_user(mine.user.id, a_session_id())
    with pytest.raises(SessionEnded):
        await limen.step_up.step_up(password=PASSWORD, actor=nowhere)
    limen.clock.advance(IDLE)
    with pytest.raises(SessionEnded):
        await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))


async def test_nor_does_one_that_ends_at_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove(_sessions: MemorySessions, _session: Session) -> bool:
        return False

    limen = Assembly()
    await limen.register()
    me = acting(await limen.enter())
    monkeypatch.setattr(MemorySessions, "prove", prove)
    with pytest.raises(SessionEnded):
        await limen.step_up.step_up(password=PASSWORD, actor=me)


async def test_who_must_have_a_factor_by_now_does_not_rise_by_the_password() -> None:
    limen = Assembly()
    back = await come_back(limen)
    me = Actor.anonymous().as_identified(back.user.id, back.session.id)
    policies = Policies(factors=FactorPolicy(required_for=frozenset({EVERYBODY})))
    strict = Assembly(limen.unit_of_work, clock=limen.clock, policies=policies, seed=1)
    async with strict.unit_of_work() as uow:
        with pytest.raises(SecondFactorNeeded):
            await strict._rise.lift(uow, me, ("pwd",), back.cookie)


async def test_the_browser_of_whoever_rises_from_remembered_is_known_by_its_mark() -> None:
    limen = Assembly()
    back = await come_back(limen)
    raw = b"m" * MARK_BYTES
    there = Actor.anonymous(device=write_mark(raw)).as_identified(back.user.id, back.session.id)
    await limen.step_up.step_up(password=PASSWORD, cookie=back.cookie, actor=there)
    async with limen.unit_of_work.view() as view:
        known = await view.devices.find(back.user.id, digest_of_mark(back.user.id, raw))
    assert known is not None
    assert known.first_seen_at == limen.clock.now()
