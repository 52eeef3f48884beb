"""Resets that were asked for in other circumstances are not approved any more."""

from base64 import b32decode
from collections.abc import Awaitable, Callable

import pytest

from limen.core.actor import Actor
from limen.core.errors import FactorResetNotFound, UserNotFound
from limen.core.factors.totp import code_at, step_at
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR, PASSWORD
from limen.testing.passkeys import Authenticator
from limen.testing.reset_scene import TAKEN, ResetScene, a_reset_scene

NEW = "staple of the battery"
WITHDRAWN = "factor.reset_withdrawn"
Change = Callable[[ResetScene], Awaitable[object]]


async def verify(at: ResetScene) -> None:
    await at.limen.assistance.verify_email(at.ada, actor=OPERATOR)


async def ada_changes_the_password(at: ResetScene) -> None:
    await at.limen.passwords.change(current=PASSWORD, new=NEW, actor=at.people["ada"])


async def ada_recovers_the_password(at: ResetScene) -> None:
    await verify(at)
    await at.limen.recovery.forgot(identifier="ada@example.org")
    token = (await at.limen.read_mail())["link"].partition("#")[2]
    await at.limen.recovery.reset(token=token, new=NEW)


async def an_administrator_sets_the_password(at: ResetScene) -> None:
    await at.limen.passwords.set(at.ada, new=NEW, actor=OPERATOR)


async def an_administrator_requires_another_password(at: ResetScene) -> None:
    await at.limen.assistance.require_reset(at.ada, actor=OPERATOR)


async def the_owner_of_the_address_comes(at: ResetScene) -> None:
    await at.limen.recovery.forgot(identifier="ada@example.org")
    token = (await at.limen.read_mail())["link"].partition("#")[2]
    await at.limen.recovery.reset(token=token, new=NEW)


async def ada_gets_another_address(at: ResetScene) -> None:
    await at.limen.users.update(at.ada, email="lovelace@example.org", actor=OPERATOR)


async def ada_enrols_another_passkey(at: ResetScene) -> None:
    asked = await at.limen.passkeys.begin_enrolment(actor=at.people["ada"])
    answer = Authenticator(seed=1).create(asked.options)
    await at.limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=at.people["ada"])


async def ada_sets_up_an_app(at: ResetScene) -> None:
    made = await at.limen.factors.begin_totp(actor=at.people["ada"])
    secret = Secret(b32decode(made.secret.reveal()))
    code = code_at(secret, step_at(at.limen.clock.now()))
    await at.limen.factors.confirm_totp(code=code, actor=at.people["ada"])


async def ada_gives_the_passkey_up(at: ResetScene) -> None:
    (passkey, *_) = await at.limen.passkeys.list(at.ada, actor=OPERATOR)
    await at.limen.passkeys.remove(at.ada, passkey.id, actor=at.people["ada"])


async def ada_is_suspended(at: ResetScene) -> None:
    await at.limen.users.suspend(at.ada, actor=OPERATOR)
    await at.limen.users.reactivate(at.ada, actor=OPERATOR)


async def the_operator_resets(at: ResetScene) -> None:
    await at.limen.factors.reset(at.ada, actor=OPERATOR)


@pytest.mark.parametrize(
    "change",
    [
        ada_changes_the_password,
        ada_recovers_the_password,
        an_administrator_sets_the_password,
        an_administrator_requires_another_password,
        the_owner_of_the_address_comes,
        ada_gets_another_address,
        ada_enrols_another_passkey,
        ada_sets_up_an_app,
        ada_gives_the_passkey_up,
        ada_is_suspended,
        the_operator_resets,
    ],
)
async def test_what_changes_the_account_withdraws_what_waits(change: Change) -> None:
    at = await a_reset_scene()
    await at.ask()
    await change(at)
    with pytest.raises(FactorResetNotFound):
        await at.approve()
    assert (await at.limen.factors.get(at.ada, actor=OPERATOR)).reset is None
    assert (await at.told())[:2] == ["factor.reset_requested", WITHDRAWN]


@pytest.mark.parametrize("change", [ada_gives_the_passkey_up, ada_sets_up_an_app])
async def test_nothing_is_withdrawn_where_nothing_waits(change: Change) -> None:
    at = await a_reset_scene()
    await change(at)
    assert WITHDRAWN not in await at.told()


async def test_the_codes_and_the_app_of_the_user_withdraw_it_too() -> None:
    at = await a_reset_scene()
    await ada_sets_up_an_app(at)
    for change in (at.limen.factors.make_recovery_codes, at.limen.factors.remove_totp):
        await at.ask()
        await change(actor=at.people["ada"])
        with pytest.raises(FactorResetNotFound):
            await at.approve()


async def test_what_waits_outlives_what_changes_nothing() -> None:
    at = await a_reset_scene()
    await at.ask()
    await verify(at)
    await at.limen.users.update(at.ada, name="Ada", actor=at.people["ada"])
    await at.enter("ada")
    await at.limen.factors.begin_totp(actor=at.people["ada"])
    assert (await at.approve()).taken == TAKEN


async def test_a_user_who_is_deleted_takes_it_along() -> None:
    at = await a_reset_scene()
    await at.ask()
    await at.limen.users.delete(at.ada, actor=OPERATOR)
    with pytest.raises(UserNotFound):
        await at.approve()


async def bob_loses_the_role(at: ResetScene) -> None:
    await at.limen.roles.withdraw(at.id_of("bob"), "support", actor=OPERATOR)


async def the_role_loses_the_permission(at: ResetScene) -> None:
    await at.limen.roles.replace("support", permissions=["factors.read"], actor=OPERATOR)
    await at.limen.roles.create(actor=OPERATOR, name="lead", permissions=["factors.reset"])
    await at.limen.roles.grant(at.id_of("eve"), "lead", actor=OPERATOR)


async def bob_is_suspended(at: ResetScene) -> None:
    await at.limen.users.suspend(at.id_of("bob"), actor=OPERATOR)


async def bob_is_deleted(at: ResetScene) -> None:
    await at.limen.users.delete(at.id_of("bob"), actor=OPERATOR)


async def ada_rises_above_bob(at: ResetScene) -> None:
    await at.limen.roles.create(
        actor=OPERATOR, name="owner", permissions=["factors.reset", "users.write"]
    )
    for name in ("ada", "eve"):
        await at.limen.roles.grant(at.id_of(name), "owner", actor=OPERATOR)


REASONS = pytest.mark.parametrize(
    "change",
    [
        bob_loses_the_role,
        the_role_loses_the_permission,
        bob_is_suspended,
        bob_is_deleted,
        ada_rises_above_bob,
    ],
)


@REASONS
@pytest.mark.parametrize("by", ["eve", "the operator"])
async def test_nobody_approves_what_the_asker_may_not_do_now(change: Change, by: str) -> None:
    at = await a_reset_scene()
    await at.ask()
    await change(at)
    actor: Actor = at.people.get(by, OPERATOR)
    with pytest.raises(FactorResetNotFound):
        await at.limen.factors.approve_reset(at.ada, actor=actor)
    assert await at.has_passkey()


@REASONS
async def test_somebody_else_asks_in_the_place_of_who_may_not(change: Change) -> None:
    at = await a_reset_scene()
    await at.ask()
    await change(at)
    asked = await at.ask("eve")
    assert asked.pending is not None
    assert asked.pending.requested_by == at.id_of("eve")
    requested = "factor.reset_requested"
    assert await at.told() == [requested, WITHDRAWN, requested]
    assert (await at.limen.factors.approve_reset(at.ada, actor=OPERATOR)).taken == TAKEN


@pytest.mark.parametrize("who", ["ada", "eve"])
async def test_what_nobody_can_approve_can_be_taken_back(who: str) -> None:
    at = await a_reset_scene()
    await at.ask()
    await bob_is_suspended(at)
    await at.withdraw(who)
    await at.limen.users.reactivate(at.id_of("bob"), actor=OPERATOR)
    with pytest.raises(FactorResetNotFound):
        await at.approve()
