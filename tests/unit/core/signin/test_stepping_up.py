"""Proving again who one is makes a session fresh, and nothing less does."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import cast

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    CurrentPasswordWrong,
    FactorInvalid,
    Fault,
    InvalidCredentials,
    InvalidInput,
    LimenError,
    NotSignedIn,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionEnded,
    StepUpNeeded,
    TooManyAttempts,
)
from limen.core.ids import UserId
from limen.core.secret import Secret
from limen.core.sessions.model import FRESH
from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting, tokens_of
from limen.testing.contracts.steps import keep
from limen.testing.fakes import PlainHasher
from limen.testing.passkeys import a_passkey
from limen.testing.policies import Policies
from limen.testing.telephone import WRONG, Telephone

HOME = Actor.anonymous(address="192.0.2.7")
NEW = "staple of the battery"


async def stale(limen: Assembly) -> Actor:
    await limen.register()
    mine = await limen.enter()
    limen.clock.advance(FRESH)
    return acting(mine)


async def test_the_password_makes_a_session_fresh_for_ten_minutes() -> None:
    limen = Assembly()
    ada = await stale(limen)
    risen = await limen.step_up.step_up(password=PASSWORD, actor=ada)
    claims = await limen.tokens.authenticate(risen.access_token)
    assert claims.session_id == ada.session_id
    assert claims.authenticated_at == limen.clock.now()
    assert (claims.methods, claims.level, risen.expires_in) == (("pwd",), "1", 900)
    assert (await limen.last_event()).name == "session.stepped_up"
    assert risen.access_token.reveal() not in repr(risen)
    limen.clock.advance(FRESH - timedelta(microseconds=1))
    await limen.emails.request_change(new_email="lovelace@example.org", actor=ada)
    limen.clock.advance(timedelta(microseconds=1))
    with pytest.raises(StepUpNeeded):
        await limen.emails.request_change(new_email="king@example.org", actor=ada)


async def test_a_refresh_tells_when_the_user_last_proved_themselves() -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    began = limen.clock.now()
    limen.clock.advance(FRESH)
    later = await limen.tokens.refresh(refresh_token=mine.refresh_token)
    assert (await limen.tokens.authenticate(later.access_token)).authenticated_at == began
    risen = await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))
    assert risen.refresh_token is not None
    proved = limen.clock.now()
    limen.clock.advance(timedelta(minutes=1))
    latest = await limen.tokens.refresh(refresh_token=risen.refresh_token)
    assert (await limen.tokens.authenticate(latest.access_token)).authenticated_at == proved


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_copied_refresh_token_does_not_rise_with_its_session(*, is_late: bool) -> None:
    limen = Assembly()
    ada = await limen.register()
    mine = await limen.enter()
    limen.clock.advance(FRESH)
    risen = await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))
    limen.clock.advance(timedelta(seconds=10 if is_late else 9))
    with pytest.raises(RefreshTokenReused if is_late else RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=mine.refresh_token)
    # A second tab that was a moment late is no thief yet.
    assert len(await limen.sessions.list(ada.id, actor=OPERATOR)) == (0 if is_late else 1)
    if not is_late:
        assert risen.refresh_token is not None
        await limen.tokens.refresh(refresh_token=risen.refresh_token)


async def test_one_session_rises_and_no_other() -> None:
    limen = Assembly()
    ada = await stale(limen)
    other = acting(await limen.enter())
    limen.clock.advance(FRESH)
    await limen.step_up.step_up(password=PASSWORD, actor=ada)
    with pytest.raises(StepUpNeeded):
        await limen.emails.request_change(new_email="lovelace@example.org", actor=other)


async def test_a_wrong_password_changes_nothing_and_counts() -> None:
    limen = Assembly()
    ada = await stale(limen)
    for _ in range(6):
        with pytest.raises(CurrentPasswordWrong):
            await limen.step_up.step_up(password="wrong one", actor=ada)
        assert (await limen.event_names())[-1] == "password.proof_failed"
    with pytest.raises(TooManyAttempts):
        await limen.step_up.step_up(password=PASSWORD, actor=ada)
    with pytest.raises(StepUpNeeded):
        await limen.emails.request_change(new_email="lovelace@example.org", actor=ada)


async def test_strangers_elsewhere_do_not_lock_out_who_is_signed_in_here() -> None:
    limen = Assembly()
    await limen.register()
    tokens = tokens_of(
        await limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD, actor=HOME)
    )
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(identifier="ada@example.org", password="a guess")
    ada = HOME.as_user(tokens.user.id, tokens.session_id)
    await limen.step_up.step_up(password=PASSWORD, actor=ada)
    await limen.passwords.change(current=PASSWORD, new=NEW, actor=ada)


async def test_the_right_password_forgives_the_wrong_ones() -> None:
    limen = Assembly()
    ada = await stale(limen)
    for _ in range(3):
        for _ in range(5):
            with pytest.raises(CurrentPasswordWrong):
                await limen.step_up.step_up(password="wrong one", actor=ada)
        await limen.step_up.step_up(password=PASSWORD, actor=ada)


async def test_with_a_second_factor_its_code_is_needed_too() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    limen.clock.advance(FRESH)
    actor = acting(ada.tokens)
    with pytest.raises(InvalidInput) as refused:
        await limen.step_up.step_up(password=PASSWORD, actor=actor)
    sentence = "is needed too: this account has a second factor; or use a passkey"
    assert refused.value.details == (Fault("code", "missing", sentence),)
    with pytest.raises(FactorInvalid):
        await limen.step_up.step_up(password=PASSWORD, code=WRONG, actor=actor)
    with pytest.raises(StepUpNeeded):
        await limen.factors.remove_totp(actor=actor)
    risen = await limen.step_up.step_up(password=PASSWORD, code=ada.code(), actor=actor)
    claims = await limen.tokens.authenticate(risen.access_token)
    assert (claims.methods, claims.level) == (("pwd", "otp", "mfa"), "2")
    await limen.factors.remove_totp(actor=actor)


async def test_who_must_have_a_factor_and_has_a_passkey_does_not_rise_by_the_password() -> None:
    policy = FactorPolicy(required_for=frozenset({"admin"}))
    limen = Assembly(policies=Policies(factors=policy))
    ada = await limen.register()
    mine = await limen.enter()
    await keep(limen.unit_of_work, a_passkey(ada.id))
    await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))
    await limen.roles.grant(ada.id, "admin", actor=OPERATOR)
    with pytest.raises(InvalidInput):
        await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))


async def test_strangers_and_those_who_are_out_do_not_rise() -> None:
    limen = Assembly()
    ada = await stale(limen)
    with pytest.raises(NotSignedIn):
        await limen.step_up.step_up(password=PASSWORD, actor=Actor.anonymous())
    assert ada.user_id is not None
    nowhere = Actor.anonymous().as_user(ada.user_id)
    with pytest.raises(NotSignedIn):
        await limen.step_up.step_up(password=PASSWORD, actor=nowhere)
    await limen.sessions.sign_out(actor=ada)
    with pytest.raises(SessionEnded):
        await limen.step_up.step_up(password=PASSWORD, actor=ada)


async def test_the_session_of_somebody_else_does_not_rise() -> None:
    limen = Assembly()
    ada = await stale(limen)
    eve = await limen.register("eve@example.org")
    with pytest.raises(SessionEnded):
        await limen.step_up.step_up(
            password=PASSWORD, actor=Actor.anonymous().as_user(eve.id, ada.session_id)
        )


async def _change_password(limen: Assembly, user_id: UserId) -> None:
    async with limen.unit_of_work() as uow:
        credential = await uow.passwords.find(user_id)
        assert credential is not None
        await uow.passwords.save(credential.changed(Secret("another"), limen.clock.now()))
        await uow.commit()


async def _remove_password(limen: Assembly, user_id: UserId) -> None:
    async with limen.unit_of_work() as uow:
        await uow.passwords.remove(user_id)
        await uow.commit()


async def _delete(limen: Assembly, user_id: UserId) -> None:
    await limen.users.delete(user_id, actor=OPERATOR)


@pytest.mark.parametrize(
    ("meddle", "refusal"),
    [
        (_change_password, CurrentPasswordWrong),
        (_remove_password, CurrentPasswordWrong),
        (_delete, SessionEnded),
    ],
)
async def test_a_password_that_is_worth_nothing_by_then_lifts_nobody(
    meddle: Callable[[Assembly, UserId], Awaitable[None]], refusal: type[LimenError]
) -> None:
    class MeddlingHasher(PlainHasher):
        async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
            await super().verify(password, digest)
            if is_meddling:
                await meddle(limen, user_id)

    is_meddling = False
    limen = Assembly(hasher=MeddlingHasher())
    ada = await stale(limen)
    user_id = cast("UserId", ada.user_id)
    is_meddling = True
    with pytest.raises(refusal):
        await limen.step_up.step_up(password=PASSWORD, actor=ada)
    assert "session.stepped_up" not in await limen.event_names()


async def test_a_user_without_a_password_signs_in_again_instead() -> None:
    limen = Assembly()
    ada = await stale(limen)
    assert ada.user_id is not None
    await _remove_password(limen, ada.user_id)
    with pytest.raises(CurrentPasswordWrong):
        await limen.step_up.step_up(password=PASSWORD, actor=ada)
    await limen.passwords.set(ada.user_id, new=NEW, actor=OPERATOR)
