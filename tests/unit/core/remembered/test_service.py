"""A browser that is remembered tells who is probably there, and nothing more."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import (
    ConcurrentUpdate,
    InvalidInput,
    PermissionMissing,
    RefreshTokenReused,
    RememberedInvalid,
    RememberedNotFound,
    RememberedReused,
    SessionEnded,
    StepUpNeeded,
)
from limen.core.ids import RememberedId
from limen.core.remembered.model import GRACE, MOST, Remembered
from limen.core.secret import Secret
from limen.core.signin.levels import FactorPolicy
from limen.core.states import SessionState
from limen.core.throttles.charging import is_signed_in_at
from limen.core.throttles.model import ThrottlePolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.passkeys import Authenticator
from limen.testing.policies import Policies
from limen.testing.telephone import Telephone

HOME = Actor.anonymous(address="192.0.2.7", user_agent="Firefox")
AWAY = Actor.anonymous(address="198.51.100.9", user_agent="Firefox")
EMAIL = "ada@example.org"


async def remembered(limen: Assembly, email: str = EMAIL) -> CookieSession:
    """Sign somebody in to a browser that is to remember them."""
    begun = await limen.sign_in.sign_in_by_cookie(
        identifier=email, password=PASSWORD, label="Laptop", is_remembered=True, actor=HOME
    )
    assert isinstance(begun, CookieSession)
    return begun


def credential_of(begun: CookieSession) -> Secret[str]:
    assert begun.kept is not None
    return begun.kept.credential


async def come_back(
    limen: Assembly, begun: CookieSession, actor: Actor | None = None
) -> CookieSession:
    return await limen.remembered.exchange(credential=credential_of(begun), actor=actor or HOME)


def full(begun: CookieSession) -> Actor:
    return HOME.as_user(begun.user.id, begun.session.id)


def identified(begun: CookieSession) -> Actor:
    return HOME.as_identified(begun.user.id, begun.session.id)


async def known(limen: Assembly) -> tuple[Remembered, ...]:
    user = await limen.users.find(EMAIL, actor=OPERATOR)
    return await limen.remembered.list(user.id, actor=OPERATOR)


async def is_open(limen: Assembly, begun: CookieSession) -> bool:
    try:
        await limen.cookie_sessions.authenticate(begun.cookie, takes_identified=True)
    except SessionEnded:
        return False
    return True


async def test_a_browser_is_remembered_if_its_user_wants_that_alone() -> None:
    limen = Assembly()
    await limen.register()
    begun = await limen.sign_in.sign_in_by_cookie(identifier=EMAIL, password=PASSWORD)
    assert isinstance(begun, CookieSession)
    assert begun.kept is None
    assert await known(limen) == ()
    asked = await remembered(limen)
    (one,) = await known(limen)
    assert (one.label, one.address, one.session_id) == ("Laptop", "192.0.2.7", asked.session.id)
    assert one.expires_at == limen.clock.now() + timedelta(days=30)
    assert asked.kept is not None
    assert asked.kept.expires_in == 30 * 24 * 3600
    assert credential_of(asked).reveal() not in repr(asked)
    assert (await limen.event_names())[-1] == "remembered.set"


async def test_it_begins_an_identified_session_after_the_first_is_over() -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    proved_at = limen.clock.now()
    limen.clock.advance(timedelta(days=20))
    assert not await is_open(limen, begun)
    back = await come_back(limen, begun, AWAY)
    assert back.session.state is SessionState.IDENTIFIED
    assert back.session.methods == ("remember",)
    assert (back.session.label, back.session.address) == ("Laptop", "198.51.100.9")
    assert back.session.authenticated_at == proved_at
    assert not back.session.is_fresh(proved_at)
    claims = await limen.cookie_sessions.authenticate(back.cookie, takes_identified=True)
    assert (claims.level, claims.state) == ("0", SessionState.IDENTIFIED)
    assert (await limen.last_event()).name == "session.identified"
    user = await limen.users.get(back.user.id, actor=OPERATOR)
    assert user.last_sign_in_at == proved_at


async def test_who_does_not_take_identified_sessions_is_told_of_a_step_up() -> None:
    limen = Assembly()
    await limen.register()
    back = await come_back(limen, await remembered(limen))
    with pytest.raises(StepUpNeeded):
        await limen.cookie_sessions.authenticate(back.cookie)


async def test_a_token_that_proves_nothing_lets_nobody_in_as_a_bearer() -> None:
    limen = Assembly()
    await limen.register()
    back = await come_back(limen, await remembered(limen))
    token, _ = await limen.tokens._issuer.issue_access(
        user=back.user, session=back.session, roles=(), now=limen.clock.now()
    )
    with pytest.raises(StepUpNeeded):
        await limen.tokens.authenticate(token)


ALLOWED: dict[str, Callable[[Assembly, CookieSession, Actor], Awaitable[object]]] = {
    "see oneself": lambda limen, back, actor: limen.users.get(back.user.id, actor=actor),
    "see sessions": lambda limen, back, actor: limen.sessions.list(back.user.id, actor=actor),
    "sign out": lambda limen, _, actor: limen.sessions.sign_out(actor=actor),
    "ask a passkey": lambda limen, _, actor: limen.passkey_steps.ask_to_step_up(actor=actor),
}
REFUSED: dict[str, Callable[[Assembly, CookieSession, Actor], Awaitable[object]]] = {
    "change oneself": lambda limen, back, actor: limen.users.update(
        back.user.id, name="Eve", actor=actor
    ),
    "delete oneself": lambda limen, back, actor: limen.users.delete(back.user.id, actor=actor),
    "list users": lambda limen, _, actor: limen.users.find(EMAIL, actor=actor),
    "end sessions": lambda limen, _, actor: limen.sessions.revoke_others(actor=actor),
    "end a session": lambda limen, back, actor: limen.sessions.revoke(
        back.user.id, back.session.id, actor=actor
    ),
    "see factors": lambda limen, back, actor: limen.factors.get(back.user.id, actor=actor),
    "set up an app": lambda limen, _, actor: limen.factors.begin_totp(actor=actor),
    "enrol a passkey": lambda limen, _, actor: limen.passkeys.begin_enrolment(actor=actor),
    "change the password": lambda limen, _, actor: limen.passwords.change(
        current=PASSWORD, new="staple of the battery", actor=actor
    ),
    "change the address": lambda limen, _, actor: limen.emails.request_change(
        new_email="new@example.org", actor=actor
    ),
    "make a key": lambda limen, back, actor: limen.api_keys.create(
        back.user.id, name="key", actor=actor
    ),
    "see what remembers": lambda limen, back, actor: limen.remembered.list(
        back.user.id, actor=actor
    ),
    "forget a browser": lambda limen, back, actor: limen.remembered.revoke(
        back.user.id, RememberedId(back.session.id), actor=actor
    ),
    "read roles": lambda limen, _, actor: limen.roles.list(actor=actor),
}


@pytest.mark.parametrize("name", ALLOWED)
async def test_whoever_is_identified_may_do_little(name: str) -> None:
    limen = Assembly()
    await limen.register()
    back = await come_back(limen, await remembered(limen))
    await ALLOWED[name](limen, back, identified(back))


@pytest.mark.parametrize("name", REFUSED)
async def test_whoever_is_identified_may_do_nothing_else(name: str) -> None:
    limen = Assembly()
    await limen.administrator(EMAIL)
    back = await come_back(limen, await remembered(limen))
    before = await limen.event_names()
    with pytest.raises(StepUpNeeded):
        await REFUSED[name](limen, back, identified(back))
    assert await limen.event_names() == before


async def test_a_step_up_makes_it_full() -> None:
    limen = Assembly()
    await limen.register()
    back = await come_back(limen, await remembered(limen))
    risen = await limen.step_up.step_up(
        password=PASSWORD, cookie=back.cookie, actor=identified(back)
    )
    assert risen.cookie is not None
    assert risen.cookie.session.state is SessionState.FULL
    claims = await limen.cookie_sessions.authenticate(risen.cookie.cookie)
    assert (claims.level, claims.session_id) == ("1", back.session.id)
    assert not await is_open(limen, back)
    assert len(await known(limen)) == 1


async def test_a_step_up_asks_for_the_second_factor_too() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    begun = await limen.second_step.finish_by_cookie(
        partial_token=partial.partial_token, code=ada.code(), is_remembered=True, actor=HOME
    )
    back = await come_back(limen, begun)
    with pytest.raises(InvalidInput):
        await limen.step_up.step_up(password=PASSWORD, cookie=back.cookie, actor=identified(back))
    limen.clock.advance(timedelta(minutes=1))
    risen = await limen.step_up.step_up(
        password=PASSWORD, code=ada.code(), cookie=back.cookie, actor=identified(back)
    )
    assert risen.cookie is not None
    assert (await limen.cookie_sessions.authenticate(risen.cookie.cookie)).level == "2"


async def test_who_must_have_a_second_factor_is_identified_without_it() -> None:
    policies = Policies(factors=FactorPolicy(required_for=frozenset({"auditor"})))
    limen = Assembly(policies=policies)
    user = await limen.register()
    begun = await remembered(limen)
    back = await come_back(limen, await remembered(limen))
    await limen.roles.create(name="auditor", actor=OPERATOR)
    await limen.roles.grant(user.id, "auditor", actor=OPERATOR)
    assert not await is_open(limen, begun)
    assert await is_open(limen, await come_back(limen, begun))
    assert await is_open(limen, back)


async def test_each_is_used_once_and_gives_the_next() -> None:
    limen = Assembly()
    await limen.register()
    first = await remembered(limen)
    second = await come_back(limen, first)
    third = await come_back(limen, second)
    assert len({credential_of(one).reveal() for one in (first, second, third)}) == 3
    assert [await is_open(limen, one) for one in (first, second, third)] == [False, False, True]
    assert len(await known(limen)) == 1


async def test_two_tabs_at_once_are_no_theft() -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    back = await come_back(limen, begun)
    limen.clock.advance(GRACE - timedelta(microseconds=1))
    with pytest.raises(ConcurrentUpdate):
        await come_back(limen, begun)
    assert await is_open(limen, back)
    await come_back(limen, back)


async def test_of_many_at_once_one_comes_back() -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    outcomes = await asyncio.gather(
        *(come_back(limen, begun) for _ in range(100)), return_exceptions=True
    )
    kinds = Counter(type(outcome).__name__ for outcome in outcomes)
    assert kinds == {"CookieSession": 1, "ConcurrentUpdate": 99}
    (live,) = await limen.sessions.list(begun.user.id, actor=OPERATOR)
    assert live.state is SessionState.IDENTIFIED


async def test_one_that_comes_again_ends_all_of_them_and_their_sessions() -> None:
    limen = Assembly()
    await limen.register()
    stolen, other = await remembered(limen), await remembered(limen)
    elsewhere = await limen.enter()
    back = await come_back(limen, stolen)
    await come_back(limen, back)
    limen.clock.advance(GRACE)
    with pytest.raises(RememberedReused):
        await come_back(limen, stolen, AWAY)
    assert (await limen.last_event()).name == "remembered.reuse_detected"
    assert not any([await is_open(limen, one) for one in (stolen, back, other)])
    assert await known(limen) == ()
    (live,) = await limen.sessions.list(begun_id := other.user.id, actor=OPERATOR)
    assert live.id == elsewhere.session_id
    for gone in (stolen, back, other):
        with pytest.raises(RememberedInvalid):
            await come_back(limen, gone)
    assert (await limen.event_names(begun_id)).count("remembered.reuse_detected") == 1


async def test_many_who_come_again_are_told_of_once() -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    await come_back(limen, begun)
    limen.clock.advance(GRACE)
    await asyncio.gather(*(come_back(limen, begun) for _ in range(20)), return_exceptions=True)
    assert (await limen.event_names()).count("remembered.reuse_detected") == 1


@pytest.mark.parametrize("forged", ["", "limen_rm_", "limen_rm_" + "A" * 107, "limen_rm_!" * 11])
async def test_what_was_never_given_is_nothing(forged: str) -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    with pytest.raises(RememberedInvalid):
        await limen.remembered.exchange(credential=forged)
    good = credential_of(begun).reveal()
    series = good[:40] + ("A" if good[40] != "A" else "B") + good[41:]
    with pytest.raises(RememberedInvalid):
        await limen.remembered.exchange(credential=series)
    await come_back(limen, begun)


async def test_thirty_days_after_the_sign_in_it_is_over_however_often_it_was_used() -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    limen.clock.advance(timedelta(days=29))
    begun = await come_back(limen, begun)
    assert begun.kept is not None
    assert begun.kept.expires_in == 24 * 3600
    limen.clock.advance(timedelta(days=1))
    with pytest.raises(RememberedInvalid):
        await come_back(limen, begun)
    assert await known(limen) == ()
    limen.clock.advance(timedelta(seconds=1))
    assert (await limen.maintenance.purge(actor=OPERATOR)).remembered == 1


async def test_of_too_many_the_one_used_longest_ago_gives_way() -> None:
    limen = Assembly(policies=Policies(throttle=ThrottlePolicy(per_address=1000)))
    await limen.register()
    first = await remembered(limen)
    for _ in range(MOST):
        limen.clock.advance(timedelta(seconds=1))
        await remembered(limen)
    assert len(await known(limen)) == MOST
    with pytest.raises(RememberedInvalid):
        await come_back(limen, first)


async def _sign_out(limen: Assembly, begun: CookieSession) -> None:
    await limen.sessions.sign_out(actor=full(begun))


async def _end(limen: Assembly, begun: CookieSession) -> None:
    await limen.sessions.revoke(begun.user.id, begun.session.id, actor=OPERATOR)


async def _end_all(limen: Assembly, begun: CookieSession) -> None:
    await limen.sessions.revoke_all(begun.user.id, actor=OPERATOR)


async def _end_others(limen: Assembly, _: CookieSession) -> None:
    await limen.sessions.revoke_others(actor=acting(await limen.enter()))


async def _set_password(limen: Assembly, begun: CookieSession) -> None:
    await limen.passwords.set(begun.user.id, new="staple of the battery", actor=OPERATOR)


async def _change_password(limen: Assembly, _: CookieSession) -> None:
    await limen.passwords.change(
        current=PASSWORD,
        new="staple of the battery",
        actor=acting(await limen.enter()),
    )


async def _change_factor(limen: Assembly, _: CookieSession) -> None:
    me, key = acting(await limen.enter()), Authenticator()
    asked = await limen.passkeys.begin_enrolment(actor=me)
    await limen.passkeys.enrol(ceremony=asked.ceremony, answer=key.create(asked.options), actor=me)
    assert me.user_id is not None
    (passkey,) = await limen.passkeys.list(me.user_id, actor=me)
    await limen.passkeys.remove(me.user_id, passkey.id, actor=me)


async def _suspend(limen: Assembly, begun: CookieSession) -> None:
    await limen.users.suspend(begun.user.id, actor=OPERATOR)
    await limen.users.reactivate(begun.user.id, actor=OPERATOR)


async def _delete(limen: Assembly, begun: CookieSession) -> None:
    await limen.users.delete(begun.user.id, actor=OPERATOR)


async def _forget(limen: Assembly, begun: CookieSession) -> None:
    (one,) = await known(limen)
    await limen.remembered.revoke(begun.user.id, one.id, actor=full(begun))


@pytest.mark.parametrize(
    "end",
    [
        _sign_out,
        _end,
        _end_all,
        _end_others,
        _set_password,
        _change_password,
        _change_factor,
        _suspend,
        _delete,
        _forget,
    ],
)
async def test_it_ends_with_whatever_ends_sessions(
    end: Callable[[Assembly, CookieSession], Awaitable[None]],
) -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    await end(limen, begun)
    with pytest.raises(RememberedInvalid):
        await come_back(limen, begun)


async def test_signing_out_of_an_identified_session_forgets_its_browser() -> None:
    limen = Assembly()
    await limen.register()
    back = await come_back(limen, await remembered(limen))
    await limen.sessions.sign_out(actor=identified(back))
    assert not await is_open(limen, back)
    assert await known(limen) == ()


async def test_ones_own_password_forgets_no_browser_that_one_is_at() -> None:
    limen = Assembly()
    await limen.register()
    begun, other = await remembered(limen), await remembered(limen)
    await limen.passwords.change(current=PASSWORD, new="staple of the battery", actor=full(begun))
    (one,) = await known(limen)
    assert one.session_id == begun.session.id
    with pytest.raises(RememberedInvalid):
        await come_back(limen, other)


async def test_ending_all_other_sessions_forgets_no_browser_that_one_is_at() -> None:
    limen = Assembly()
    await limen.register()
    begun, other = await remembered(limen), await remembered(limen)
    await limen.sessions.revoke_others(actor=full(begun))
    (one,) = await known(limen)
    assert one.session_id == begun.session.id
    with pytest.raises(RememberedInvalid):
        await come_back(limen, other)


async def test_forgetting_a_browser_leaves_its_session() -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    await _forget(limen, begun)
    assert await is_open(limen, begun)
    assert (await limen.last_event()).name == "remembered.revoked"


async def test_those_of_others_need_a_permission() -> None:
    limen = Assembly()
    await limen.register()
    begun = await remembered(limen)
    (one,) = await known(limen)
    await limen.register("eve@example.org")
    eve = acting(await limen.enter("eve@example.org"))
    with pytest.raises(PermissionMissing):
        await limen.remembered.list(begun.user.id, actor=eve)
    with pytest.raises(PermissionMissing):
        await limen.remembered.revoke(begun.user.id, one.id, actor=eve)
    assert eve.user_id is not None
    with pytest.raises(RememberedNotFound):
        await limen.remembered.revoke(eve.user_id, one.id, actor=eve)
    assert await known(limen) == (one,)


async def test_any_way_in_is_remembered_when_a_cookie_takes_it_over() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    begun = await limen.cookie_sessions.exchange(
        refresh_token=tokens.refresh_token, is_remembered=True, actor=HOME
    )
    back = await come_back(limen, begun)
    assert back.session.state is SessionState.IDENTIFIED


async def test_a_copied_refresh_token_forgets_the_browser_that_took_its_session_over() -> None:
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    begun = await limen.cookie_sessions.exchange(
        refresh_token=tokens.refresh_token, is_remembered=True, actor=HOME
    )
    limen.clock.advance(GRACE)
    with pytest.raises(RefreshTokenReused):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    with pytest.raises(RememberedInvalid):
        await come_back(limen, begun)


async def test_an_identified_session_gives_guessing_no_allowance_of_its_own() -> None:
    limen = Assembly()
    await limen.register()
    back = await come_back(limen, await remembered(limen), AWAY)
    async with limen.unit_of_work() as uow:
        for actor in (HOME, AWAY):
            at = actor.address
            assert not await is_signed_in_at(uow, back.user.id, at, limen.clock.now())


async def test_who_rises_from_remembered_somewhere_new_is_told_of() -> None:
    limen = Assembly()
    await limen.register()
    back = await come_back(limen, await remembered(limen), AWAY)
    assert "device.new" not in await limen.event_names()
    await limen.step_up.step_up(
        password=PASSWORD,
        cookie=back.cookie,
        actor=AWAY.as_identified(back.user.id, back.session.id),
    )
    assert (await limen.event_names()).count("device.new") == 1
