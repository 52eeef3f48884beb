"""A sign-in that waits for its second factor can be finished or stopped, and nothing else."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    FactorInvalid,
    PartialSessionInvalid,
    RefreshTokenInvalid,
    SecondFactorNeeded,
    TokenInvalid,
    TooManyAttempts,
)
from limen.core.factors.model import FactorKind
from limen.core.partial_sessions.model import LIFETIME, MOST_TRIES
from limen.core.partial_sessions.taking import find_partial
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.levels import FactorPolicy
from limen.core.throttles.model import ThrottlePolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting, in_memory, tokens_of
from limen.testing.policies import Policies
from limen.testing.telephone import STEP, WRONG, Telephone

HOME = Actor.anonymous(address="192.0.2.7", user_agent="Firefox")
EMAIL = "ada@example.org"
NEW = "staple of the battery"


async def test_whoever_has_a_second_factor_gets_no_session_for_the_first() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    before = await limen.sessions.list(ada.tokens.user.id, actor=OPERATOR)
    partial = await ada.wait_at_the_door()
    assert partial.factors == (FactorKind.TOTP, FactorKind.RECOVERY_CODE)
    assert partial.expires_in == 600
    assert await limen.sessions.list(ada.tokens.user.id, actor=OPERATOR) == before
    told = await limen.last_event()
    assert (told.name, told.user_id) == ("signin.first_factor_proved", ada.tokens.user.id)
    assert told.payload == {"methods": ["pwd"]}
    assert partial.partial_token.reveal() not in repr(partial)


async def test_a_code_of_the_app_finishes_it() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door(actor=HOME)
    code = ada.code()
    tokens = await limen.second_step.finish(
        partial_token=partial.partial_token, code=code, actor=HOME
    )
    claims = await limen.tokens.authenticate(tokens.access_token)
    assert claims.methods == ("pwd", "otp", "mfa")
    assert claims.level == "2"
    session, *_ = await limen.sessions.list(tokens.user.id, actor=acting(tokens))
    assert (session.id, session.label, session.address) == (
        tokens.session_id,
        "Laptop",
        "192.0.2.7",
    )
    assert tokens.user.last_sign_in_at == limen.clock.now()
    assert await limen.remembered.list(tokens.user.id, actor=OPERATOR) == ()
    await limen.tokens.refresh(refresh_token=tokens.refresh_token)


async def test_a_recovery_code_finishes_it_once() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    code, *_ = ada.recovery_codes
    partial = await ada.wait_at_the_door()
    tokens = await limen.second_step.finish(partial_token=partial.partial_token, code=code)
    assert (await limen.tokens.authenticate(tokens.access_token)).methods == ("pwd", "rc", "mfa")
    again = await ada.wait_at_the_door()
    with pytest.raises(FactorInvalid):
        await limen.second_step.finish(partial_token=again.partial_token, code=code)


async def test_it_is_finished_once() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())


async def test_a_wrong_code_leaves_it_open_and_costs_a_try_that_no_new_sign_in_gives_back() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    for _ in range(6):
        partial = await ada.wait_at_the_door()
        with pytest.raises(FactorInvalid):
            await limen.second_step.finish(partial_token=partial.partial_token, code=WRONG)
    with pytest.raises(TooManyAttempts):
        await limen.second_step.finish(partial_token=partial.partial_token, code=WRONG)
    # The code of the app moves the clock beyond the wait.
    await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())


async def test_it_ends_after_ten_minutes() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    limen.clock.advance(LIFETIME - STEP)
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())


async def test_it_can_be_stopped() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    await limen.second_step.stop(partial_token=partial.partial_token, actor=HOME)
    told = await limen.last_event()
    assert (told.name, told.at, told.actor) == ("signin.stopped", limen.clock.now(), HOME)
    assert told.user_id == ada.tokens.user.id
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.stop(partial_token=partial.partial_token)
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())


async def test_it_knows_since_when_it_waits() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    waits = await ada.wait_at_the_door()
    async with limen.unit_of_work.view() as view:
        found = await find_partial(view, waits.partial_token, limen.clock.now())
    assert found.created_at == limen.clock.now()


async def test_a_browser_that_finishes_it_is_remembered_only_if_its_user_wants_that() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    await limen.second_step.finish_by_cookie(
        partial_token=partial.partial_token, code=ada.code(), actor=HOME
    )
    assert await limen.remembered.list(ada.tokens.user.id, actor=OPERATOR) == ()


async def test_its_token_is_no_access_token_and_no_refresh_token() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    with pytest.raises(SecondFactorNeeded):
        await limen.tokens.authenticate(partial.partial_token)
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=partial.partial_token)
    await limen.second_step.stop(partial_token=partial.partial_token)
    with pytest.raises(TokenInvalid):
        await limen.tokens.authenticate(partial.partial_token)


@pytest.mark.parametrize("at", [9, 30, 72])
async def test_a_changed_token_is_none(at: int) -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    good = partial.partial_token.reveal()
    wrong = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
    for token in (wrong, good[:-1], good + "A", "", "limen_ps_", "limen_rt_" + good[9:]):
        with pytest.raises(PartialSessionInvalid):
            await limen.second_step.finish(partial_token=token, code=ada.code())
    with pytest.raises(TokenInvalid):
        await limen.tokens.authenticate(wrong)


Change = Callable[[Assembly, Telephone], Awaitable[object]]
CHANGES: dict[str, Change] = {
    "the password is changed": lambda limen, ada: limen.passwords.change(
        current=PASSWORD, new=NEW, actor=acting(ada.tokens)
    ),
    "the password is set": lambda limen, ada: limen.passwords.set(
        ada.tokens.user.id, new=NEW, actor=OPERATOR
    ),
    "the user is suspended": lambda limen, ada: limen.users.suspend(
        ada.tokens.user.id, actor=OPERATOR
    ),
    "the user is deleted": lambda limen, ada: limen.users.delete(
        ada.tokens.user.id, actor=OPERATOR
    ),
    "the address is changed": lambda limen, ada: limen.users.update(
        ada.tokens.user.id, email="lovelace@example.org", actor=OPERATOR
    ),
    "all sessions are ended": lambda limen, ada: limen.sessions.revoke_all(
        ada.tokens.user.id, actor=OPERATOR
    ),
    "the other sessions are ended": lambda limen, ada: limen.sessions.revoke_others(
        actor=acting(ada.tokens)
    ),
    "the factors are reset": lambda limen, ada: limen.factors.reset(
        ada.tokens.user.id, actor=OPERATOR
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_it_does_not_outlive(change: Change) -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    await change(limen, ada)
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())


async def test_whoever_may_not_come_in_any_more_does_not() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    async with limen.unit_of_work() as uow:
        user = await uow.users.lock(ada.tokens.user.id)
        await uow.users.save(user.suspend(limen.clock.now()))
        await uow.commit()
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())
    assert (await limen.last_event()).name == "signin.failed"


async def test_signing_in_by_mail_waits_for_the_second_factor_too() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    await limen.emails.send_verification(identifier=EMAIL)
    proof = (await limen.read_mail())["link"].partition("#")[2]
    await limen.emails.verify(token=proof, password=PASSWORD)
    browser = await limen.links.ask(identifier=EMAIL)
    token = (await limen.read_mail())["link"].partition("#")[2]
    partial = await limen.links.complete(browser=browser, token=token)
    assert isinstance(partial, PartialSignIn)
    tokens = await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())
    assert (await limen.tokens.authenticate(tokens.access_token)).methods == ("otp", "mfa")


async def test_whoever_proves_the_address_is_not_kept_out_by_a_factor_of_its_squatter() -> None:
    limen = Assembly()
    await Telephone.enrol(limen)
    browser = await limen.links.ask(identifier=EMAIL)
    token = (await limen.read_mail())["link"].partition("#")[2]
    tokens_of(await limen.links.complete(browser=browser, token=token))


async def test_an_operator_can_switch_second_factors_off() -> None:
    limen = Assembly()
    await Telephone.enrol(limen)
    off = Policies(factors=FactorPolicy(is_on=False))
    await Assembly(limen.unit_of_work, clock=limen.clock, policies=off, seed=1).enter()


@pytest.mark.parametrize("required", ["admin", "*"])
async def test_whoever_must_have_a_factor_and_has_none_waits_for_one_to_be_set_up(
    required: str,
) -> None:
    policy = FactorPolicy(required_for=frozenset({required}))
    limen = Assembly(policies=Policies(factors=policy))
    await limen.administrator(EMAIL)
    partial = await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD)
    assert isinstance(partial, PartialSignIn)
    assert partial.factors == ()


async def test_others_need_none() -> None:
    policy = FactorPolicy(required_for=frozenset({"admin"}))
    limen = Assembly(policies=Policies(factors=policy))
    await limen.register()
    await limen.enter()


async def test_what_is_too_old_is_purged() -> None:
    limen = Assembly()
    ada = await Telephone.enrol(limen)
    await ada.wait_at_the_door()
    limen.clock.advance(LIFETIME + timedelta(microseconds=1))
    assert (await limen.maintenance.purge(actor=OPERATOR)).partial_sessions == 1


STRANGER = Actor.anonymous(address="203.0.113.1")


async def _lock_the_app(limen: Assembly, ada: Telephone) -> None:
    """Guess codes as somebody who knows the password, until that takes a day."""
    wait = timedelta(0)
    while wait < limen.policies.throttle.locked_wait:
        limen.clock.advance(wait)
        partial = await ada.wait_at_the_door(actor=STRANGER)
        with pytest.raises((FactorInvalid, TooManyAttempts)) as refused:
            await limen.second_step.finish(
                partial_token=partial.partial_token, code=WRONG, actor=STRANGER
            )
        wait = timedelta(seconds=refused.value.retry_after or 0)


async def test_who_knows_the_password_keeps_nobody_out_where_they_are_signed_in() -> None:
    policies = Policies(throttle=ThrottlePolicy(many_failures=7))
    limen = in_memory(policies=policies)
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door(actor=HOME)
    await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code(), actor=HOME)
    await _lock_the_app(limen, ada)
    limen.clock.advance(STEP)
    for who, refusals in ((STRANGER, (TooManyAttempts,)), (HOME, ())):
        partial = await ada.wait_at_the_door(actor=who)
        finishing = limen.second_step.finish(
            partial_token=partial.partial_token, code=ada.code(), actor=who
        )
        if refusals:
            with pytest.raises(refusals):
                await finishing
        else:
            assert (await finishing).user.id == ada.tokens.user.id


async def test_an_administrator_unlocks_the_factors_wherever_they_are_signed_in() -> None:
    policies = Policies(throttle=ThrottlePolicy(free_failures=0, first_wait=timedelta(hours=1)))
    limen = in_memory(policies=policies)
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door(actor=HOME)
    await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code(), actor=HOME)
    limen.clock.advance(STEP)
    partial = await ada.wait_at_the_door(actor=HOME)
    for wrong in (FactorInvalid, TooManyAttempts):
        with pytest.raises(wrong):
            await limen.second_step.finish(
                partial_token=partial.partial_token, code=WRONG, actor=HOME
            )
    await limen.assistance.unlock(ada.tokens.user.id, actor=OPERATOR)
    await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code(), actor=HOME)


async def test_a_partial_session_takes_five_codes_and_no_more() -> None:
    limen = in_memory(policies=Policies(throttle=ThrottlePolicy(free_failures=100)))
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    for wrong in (FactorInvalid,) * MOST_TRIES + (PartialSessionInvalid,):
        with pytest.raises(wrong):
            await limen.second_step.finish(partial_token=partial.partial_token, code=WRONG)
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())
    again = await ada.wait_at_the_door()
    await limen.second_step.finish(partial_token=again.partial_token, code=ada.code())


async def test_what_is_no_code_or_has_to_wait_uses_up_none_of_them() -> None:
    limen = in_memory(policies=Policies(throttle=ThrottlePolicy(free_failures=0)))
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    for code, wrong in [("no code", FactorInvalid)] * 6 + [(WRONG, FactorInvalid)]:
        with pytest.raises(wrong):
            await limen.second_step.finish(partial_token=partial.partial_token, code=code)
    for _ in range(6):
        with pytest.raises(TooManyAttempts):
            await limen.second_step.finish(partial_token=partial.partial_token, code=WRONG)
    limen.clock.advance(STEP)
    await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())
