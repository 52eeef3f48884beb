"""Whoever must have a second factor and has none sets it up before anything else."""

from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    EnrolmentOver,
    FactorInvalid,
    PartialSessionInvalid,
    RefreshTokenInvalid,
    SecondFactorNeeded,
    TooManyAttempts,
)
from limen.core.factors.model import FactorKind
from limen.core.secret import Secret
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.levels import EVERYBODY, FactorPolicy
from limen.ports.outbox import StoredEvent
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.contracts.steps import keep
from limen.testing.passkeys import a_passkey
from limen.testing.policies import Policies
from limen.testing.telephone import STEP, WRONG, Telephone, shown_of

EMAIL = "ada@example.org"
HERE = Actor.anonymous(address="192.0.2.1")


def strict() -> Assembly:
    policy = FactorPolicy(required_for=frozenset({EVERYBODY}))
    return Assembly(policies=Policies(factors=policy))


async def waiting(limen: Assembly) -> Secret[str]:
    """Ada has shown her password, and must have a factor."""
    outcome = await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD)
    assert isinstance(outcome, PartialSignIn)
    return outcome.partial_token


async def events(limen: Assembly, name: str) -> list[StoredEvent]:
    async with limen.unit_of_work.view() as view:
        return [event for event in await view.outbox.list(limit=1000) if event.name == name]


async def test_it_is_set_up_within_the_sign_in_which_it_finishes() -> None:
    limen = strict()
    ada = await limen.register()
    token = await waiting(limen)
    made = await limen.required_factor.begin(partial_token=token)
    first = await limen.required_factor.confirm(partial_token=token, code=shown_of(limen, made))
    assert (await limen.tokens.authenticate(first.tokens.access_token)).level == "2"
    assert len(first.recovery_codes) == 10
    assert len(await limen.sessions.list(ada.id, actor=acting(first.tokens))) == 1
    again = await waiting(limen)
    code = first.recovery_codes[0]
    await limen.second_step.finish(partial_token=again, code=code)


async def test_what_is_set_up_is_told_of_by_an_event_and_by_mail() -> None:
    limen = strict()
    ada = await limen.register()
    await limen.assistance.verify_email(ada.id, actor=OPERATOR)
    token = await waiting(limen)
    made = await limen.required_factor.begin(partial_token=token, actor=HERE)
    limen.clock.advance(STEP)
    first = await limen.required_factor.confirm(
        partial_token=token, code=shown_of(limen, made), actor=HERE
    )
    (told,) = await events(limen, "factor.enrolled")
    assert (told.at, told.user_id, told.payload) == (limen.clock.now(), ada.id, {"factor": "totp"})
    assert told.actor == HERE.as_user(ada.id, first.tokens.session_id)
    await limen.delivery.deliver()
    assert [mail.subject for mail in limen.mail.to(EMAIL)] == ["totp_enrolled"]


async def test_a_password_alone_brings_no_other_factor() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    with pytest.raises(SecondFactorNeeded):
        await limen.required_factor.begin(partial_token=partial.partial_token)
    with pytest.raises(SecondFactorNeeded):
        await limen.required_factor.confirm(partial_token=partial.partial_token, code=ada.code())


async def test_nor_does_it_to_an_account_with_a_passkey() -> None:
    limen = strict()
    ada = await limen.register()
    await keep(limen.unit_of_work, a_passkey(ada.id))
    outcome = await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD)
    assert isinstance(outcome, PartialSignIn)
    assert outcome.factors == (FactorKind.PASSKEY,)
    with pytest.raises(SecondFactorNeeded):
        await limen.required_factor.begin(partial_token=outcome.partial_token)


async def test_whoever_gets_a_role_that_needs_one_signs_in_again() -> None:
    policy = FactorPolicy(required_for=frozenset({"admin"}))
    limen = Assembly(policies=Policies(factors=policy))
    ada = await limen.register()
    mine = await limen.enter()
    await limen.roles.grant(ada.id, "admin", actor=OPERATOR)
    with pytest.raises(SecondFactorNeeded):
        await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=mine.refresh_token)
    await waiting(limen)


async def test_a_factor_that_came_meanwhile_is_the_one_to_show() -> None:
    limen = strict()
    await limen.register()
    one, other = await waiting(limen), await waiting(limen)
    made = await limen.required_factor.begin(partial_token=one)
    late = await limen.required_factor.begin(partial_token=other)
    with pytest.raises(FactorInvalid):
        await limen.required_factor.confirm(partial_token=one, code=shown_of(limen, made))
    await limen.required_factor.confirm(partial_token=other, code=shown_of(limen, late))
    with pytest.raises(PartialSessionInvalid):
        await limen.required_factor.confirm(partial_token=one, code=shown_of(limen, late))


async def test_wrong_codes_are_counted_over_all_sign_ins_and_leave_them_open() -> None:
    limen = strict()
    await limen.register()
    token = await waiting(limen)
    made = await limen.required_factor.begin(partial_token=token)
    for _ in range(6):
        with pytest.raises(FactorInvalid):
            await limen.required_factor.confirm(partial_token=token, code=WRONG)
    with pytest.raises(TooManyAttempts):
        await limen.required_factor.confirm(
            partial_token=await waiting(limen), code=shown_of(limen, made)
        )
    limen.clock.advance(STEP)
    await limen.required_factor.confirm(partial_token=token, code=shown_of(limen, made))


async def test_the_right_code_forgives_the_wrong_ones() -> None:
    limen = strict()
    await limen.register()
    token = await waiting(limen)
    made = await limen.required_factor.begin(partial_token=token)
    for _ in range(5):
        with pytest.raises(FactorInvalid):
            await limen.required_factor.confirm(partial_token=token, code=WRONG)
    first = await limen.required_factor.confirm(partial_token=token, code=shown_of(limen, made))
    me = acting(first.tokens)
    await limen.factors.begin_totp(actor=me)
    for _ in range(6):
        with pytest.raises(FactorInvalid):
            await limen.factors.confirm_totp(code=WRONG, actor=me)


async def test_whose_first_app_is_guessed_at_is_told() -> None:
    limen = strict()
    ada = await limen.register()
    token = await waiting(limen)
    await limen.required_factor.begin(partial_token=token)
    for _ in range(12):
        with pytest.raises(FactorInvalid):
            await limen.required_factor.confirm(partial_token=token, code=WRONG)
        limen.clock.advance(timedelta(seconds=32))
    (told,) = await events(limen, "signin.throttled")
    assert (told.user_id, told.payload["attempts"]) == (ada.id, 12)


async def test_there_must_be_a_secret_that_waits() -> None:
    limen = strict()
    await limen.register()
    with pytest.raises(EnrolmentOver):
        await limen.required_factor.confirm(partial_token=await waiting(limen), code=WRONG)


async def test_whoever_is_shut_out_meanwhile_sets_up_nothing() -> None:
    limen = strict()
    ada = await limen.register()
    token = await waiting(limen)
    made = await limen.required_factor.begin(partial_token=token)
    async with limen.unit_of_work() as uow:
        user = await uow.users.lock(ada.id)
        await uow.users.save(user.suspend(limen.clock.now()))
        await uow.commit()
    with pytest.raises(PartialSessionInvalid):
        await limen.required_factor.confirm(partial_token=token, code=shown_of(limen, made))
    assert (await limen.factors.get(ada.id, actor=OPERATOR)).totp is None


async def test_from_one_address_only_so_many_apps_are_begun() -> None:
    limen = strict()
    await limen.register()
    token = await waiting(limen)
    for _ in range(30):
        await limen.required_factor.begin(partial_token=token, actor=HERE)
    with pytest.raises(TooManyAttempts):
        await limen.required_factor.begin(partial_token=token, actor=HERE)
