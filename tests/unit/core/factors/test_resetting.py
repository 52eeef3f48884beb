"""Resets of second factors that a second administrator approves."""

import asyncio
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    ApprovalByAnother,
    ApprovalNeeded,
    FactorResetNotFound,
    LimenError,
    NotByKey,
    PermissionMissing,
    StepUpNeeded,
)
from limen.core.factors.model import RESET_WAITS
from limen.core.factors.service import FactorReset
from limen.testing.assembly import OPERATOR, Assembly
from limen.testing.reset_scene import TAKEN, a_reset_scene


async def test_nothing_is_reset_until_another_administrator_approves() -> None:
    at = await a_reset_scene()
    asked = await at.ask()
    assert (asked.taken, await at.has_passkey()) == ((), True)
    assert asked.pending is not None
    assert asked.pending.requested_by == at.people["bob"].user_id
    assert asked.pending.expires_at == at.limen.clock.now() + RESET_WAITS
    shown = await at.limen.factors.get(at.ada, actor=at.people["eve"])
    assert shown.reset == asked.pending
    assert await at.approve() == FactorReset(taken=TAKEN)
    assert not await at.has_passkey()
    assert await at.limen.sessions.list(at.ada, actor=OPERATOR) == ()
    told = ["factor.reset_requested", "factor.reset_approved", "factor.all_reset"]
    assert await at.told() == told


async def test_who_asked_does_not_approve_nor_does_the_user() -> None:
    at = await a_reset_scene()
    await at.ask()
    with pytest.raises(ApprovalByAnother):
        await at.approve("bob")
    await at.limen.roles.grant(at.ada, "support", actor=OPERATOR)
    with pytest.raises(ApprovalByAnother):
        await at.approve("ada")
    assert await at.has_passkey()


async def test_asking_again_changes_nothing() -> None:
    at = await a_reset_scene()
    first = await at.ask()
    at.limen.clock.advance(timedelta(minutes=1))
    assert await at.ask("eve") == first
    assert await at.told() == ["factor.reset_requested"]
    with pytest.raises(ApprovalByAnother):
        await at.approve("bob")


async def test_nothing_waits_for_somebody_without_factors() -> None:
    at = await a_reset_scene()
    bob = at.people["bob"].user_id
    assert bob is not None
    assert await at.limen.factors.reset(bob, actor=at.people["eve"]) == FactorReset()


@pytest.mark.parametrize("who", ["bob", "eve", "ada"])
async def test_either_administrator_and_the_user_withdraw(who: str) -> None:
    at = await a_reset_scene()
    await at.ask()
    await at.withdraw(who)
    with pytest.raises(FactorResetNotFound):
        await at.approve()
    with pytest.raises(FactorResetNotFound):
        await at.withdraw(who)
    assert await at.told() == ["factor.reset_requested", "factor.reset_withdrawn"]


async def test_a_request_is_over_after_a_day_and_can_be_made_again() -> None:
    at = await a_reset_scene()
    await at.ask()
    at.limen.clock.advance(RESET_WAITS)
    for name in ("bob", "eve"):
        await at.enter(name)
    with pytest.raises(FactorResetNotFound):
        await at.approve()
    assert (await at.limen.factors.get(at.ada, actor=OPERATOR)).reset is None
    await at.ask("eve")
    await at.approve("bob")
    assert not await at.has_passkey()


async def test_who_may_not_reset_any_more_has_asked_for_nothing() -> None:
    at = await a_reset_scene()
    await at.ask()
    bob = at.people["bob"].user_id
    assert bob is not None
    await at.limen.users.suspend(bob, actor=OPERATOR)
    with pytest.raises(FactorResetNotFound):
        await at.approve()
    assert await at.has_passkey()


async def test_of_many_approvals_one_counts() -> None:
    at = await a_reset_scene()
    await at.ask()
    outcomes = await asyncio.gather(*(at.approve() for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(outcome, FactorReset) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, FactorResetNotFound) for outcome in outcomes) == 19
    assert (await at.told()).count("factor.all_reset") == 1


async def test_asking_and_approving_need_the_permission_and_a_fresh_sign_in() -> None:
    at = await a_reset_scene()
    await at.come("mallory")
    for use_case in (at.ask("mallory"), at.approve("mallory"), at.withdraw("mallory")):
        with pytest.raises(PermissionMissing):
            await use_case
    await at.ask()
    key = Actor.anonymous().as_key(at.people["eve"].user_id or at.ada, "k", frozenset())
    with pytest.raises((PermissionMissing, NotByKey)):
        await at.limen.factors.approve_reset(at.ada, actor=key)
    at.limen.clock.advance(timedelta(minutes=10))
    for use_case in (at.ask(), at.approve()):
        with pytest.raises(StepUpNeeded):
            await use_case
    await at.withdraw("eve")


async def test_the_operator_resets_at_once_and_approves_what_others_asked_for() -> None:
    at = await a_reset_scene()
    await at.ask()
    assert (await at.limen.factors.approve_reset(at.ada, actor=OPERATOR)).taken == TAKEN
    await at.enter("ada")
    await at.enrol()
    await at.ask()
    assert (await at.limen.factors.reset(at.ada, actor=OPERATOR)).taken == TAKEN
    assert (await at.told())[-2:] == ["factor.reset_withdrawn", "factor.all_reset"]
    with pytest.raises(FactorResetNotFound):
        await at.approve()


async def test_the_user_is_told_when_it_is_asked_for_and_when_it_is_done() -> None:
    at = await a_reset_scene()
    await at.limen.assistance.verify_email(at.ada, actor=OPERATOR)
    await at.limen.delivery.deliver()
    before = len(at.limen.mail.to("ada@example.org"))
    await at.ask()
    await at.approve()
    await at.limen.delivery.deliver()
    subjects = [mail.subject for mail in at.limen.mail.to("ada@example.org")][before:]
    assert subjects == ["factor_reset_requested", "factors_reset"]


async def test_no_administrator_takes_the_last_passkey_without_approval() -> None:
    at = await a_reset_scene()
    (passkey,) = await at.limen.passkeys.list(at.ada, actor=OPERATOR)
    with pytest.raises(ApprovalNeeded):
        await at.limen.passkeys.remove(at.ada, passkey.id, actor=at.people["eve"])
    await at.limen.passkeys.remove(at.ada, passkey.id, actor=at.people["ada"])


async def test_a_purge_forgets_what_nobody_approved() -> None:
    at = await a_reset_scene()
    await at.ask()
    assert (await at.limen.maintenance.purge(actor=OPERATOR)).factor_resets == 0
    at.limen.clock.advance(RESET_WAITS + timedelta(microseconds=1))
    assert (await at.limen.maintenance.purge(actor=OPERATOR)).factor_resets == 1


async def test_without_the_setting_a_reset_is_done_at_once() -> None:
    limen = Assembly()
    with pytest.raises(LimenError) as refused:
        await limen.factors.approve_reset((await limen.register()).id, actor=OPERATOR)
    assert refused.value.code == "factor.reset_not_found"
