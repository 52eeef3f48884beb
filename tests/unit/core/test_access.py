"""What could take an account from its owner needs a fresh sign-in."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import NotByKey, NotSignedIn, SessionEnded, StepUpNeeded
from limen.core.ids import PasskeyId, UserId
from limen.core.imports.model import AccountRow
from limen.core.roles.model import ADMIN, OWN
from limen.core.sessions.model import FRESH
from limen.core.users.model import UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_user_id
from limen.testing.policies import Policies

NEW = "staple of the battery"
UseCase = Callable[[Assembly, Actor], Awaitable[object]]
Helping = Callable[[Assembly, UserId, Actor], Awaitable[object]]


def _delete(limen: Assembly, actor: Actor) -> Awaitable[object]:
    assert actor.user_id is not None
    return limen.users.delete(actor.user_id, actor=actor)


DELICATE: dict[str, UseCase] = {
    "change the password": lambda limen, actor: limen.passwords.change(
        current=PASSWORD, new=NEW, actor=actor
    ),
    "change the address": lambda limen, actor: limen.emails.request_change(
        new_email="lovelace@example.org", actor=actor
    ),
    "delete oneself": _delete,
}
delicate = pytest.mark.parametrize("use_case", DELICATE.values(), ids=DELICATE)


@delicate
async def test_a_fresh_sign_in_is_enough(use_case: UseCase) -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    limen.clock.advance(FRESH - timedelta(microseconds=1))
    await use_case(limen, acting(mine))


@delicate
async def test_a_stale_one_is_not_and_changes_nothing(use_case: UseCase) -> None:
    limen = Assembly()
    ada = await limen.register()
    mine = await limen.enter()
    limen.clock.advance(FRESH)
    told = await limen.event_names(ada.id)
    with pytest.raises(StepUpNeeded):
        await use_case(limen, acting(mine))
    assert await limen.event_names(ada.id) == told
    await limen.enter()


@delicate
async def test_a_refresh_does_not_make_it_fresh(use_case: UseCase) -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    limen.clock.advance(FRESH)
    again = await limen.tokens.refresh(refresh_token=mine.refresh_token)
    with pytest.raises(StepUpNeeded):
        await use_case(limen, acting(again))


@delicate
async def test_the_fresh_session_of_somebody_else_is_none(use_case: UseCase) -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.register("eve@example.org")
    hers = await limen.enter("eve@example.org")
    with pytest.raises(SessionEnded):
        await use_case(limen, Actor.anonymous().as_user(ada.id, hers.session_id))


@delicate
async def test_a_copy_of_the_token_from_before_the_step_up_is_not_fresh(use_case: UseCase) -> None:
    limen = Assembly()
    ada = await limen.register()
    mine = await limen.enter()
    limen.clock.advance(FRESH)
    old = (await limen.tokens.authenticate(mine.access_token)).authenticated_at
    await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))
    copied = Actor.anonymous().as_user(ada.id, mine.session_id, old)
    with pytest.raises(StepUpNeeded):
        await use_case(limen, copied)
    await use_case(limen, Actor.anonymous().as_user(ada.id, mine.session_id, limen.clock.now()))


@delicate
async def test_without_a_session_nothing_was_proved(use_case: UseCase) -> None:
    limen = Assembly()
    ada = await limen.register()
    with pytest.raises(StepUpNeeded):
        await use_case(limen, Actor.anonymous().as_user(ada.id))


@delicate
async def test_a_session_that_has_ended_proves_nothing(use_case: UseCase) -> None:
    limen = Assembly()
    await limen.register()
    mine = await limen.enter()
    await limen.sessions.sign_out(actor=acting(mine))
    with pytest.raises(SessionEnded):
        await use_case(limen, acting(mine))


BY_PERSONS_ONLY: dict[str, UseCase] = {
    "change the password": DELICATE["change the password"],
    "change the address": DELICATE["change the address"],
    "sign out": lambda limen, actor: limen.sessions.sign_out(actor=actor),
    "end the other sessions": lambda limen, actor: limen.sessions.revoke_others(actor=actor),
    "step up": lambda limen, actor: limen.step_up.step_up(password=PASSWORD, actor=actor),
    "ask to step up by a passkey": lambda limen, actor: limen.passkey_steps.ask_to_step_up(
        actor=actor
    ),
    "set up an app": lambda limen, actor: limen.factors.begin_totp(actor=actor),
    "confirm an app": lambda limen, actor: limen.factors.confirm_totp(code="123456", actor=actor),
    "ask for a new passkey": lambda limen, actor: limen.passkeys.begin_enrolment(actor=actor),
}


@pytest.mark.parametrize("use_case", BY_PERSONS_ONLY.values(), ids=BY_PERSONS_ONLY)
async def test_a_key_does_not_stand_for_its_owner(use_case: UseCase) -> None:
    limen = Assembly()
    ada = await limen.register()
    mine = await limen.enter()
    # Even with the session that its owner is in.
    key = acting(mine).as_key(ada.id, "limen_ak_x", OWN)
    told = await limen.event_names(ada.id)
    with pytest.raises(NotByKey):
        await use_case(limen, key)
    assert await limen.event_names(ada.id) == told


async def test_an_administrator_takes_no_way_around_it_to_their_own_account() -> None:
    limen = Assembly()
    root = await limen.administrator()
    mine = acting(await limen.enter("root@example.org"))
    limen.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        await limen.users.update(root.id, email="lovelace@example.org", actor=mine)
    with pytest.raises(StepUpNeeded):
        await limen.passwords.set(root.id, new=NEW, actor=mine)
    await limen.users.update(root.id, name="Root", actor=mine)


# What helpers prove again (decision 0042): it lets somebody in, gives power, or cannot be undone.
BY_HELPERS: dict[str, Helping] = {
    "create an account with a password": lambda limen, _, actor: limen.users.create(
        actor=actor, email="new@example.org", password=NEW
    ),
    "create an account with a proved address": lambda limen, _, actor: limen.users.create(
        actor=actor, email="new@example.org", is_email_verified=True
    ),
    "change an address": lambda limen, whom, actor: limen.users.update(
        whom, actor=actor, email="new@example.org"
    ),
    "put an address in place": lambda limen, whom, actor: limen.users.replace(
        whom, actor=actor, email="new@example.org"
    ),
    "set a password": lambda limen, whom, actor: limen.passwords.set(whom, new=NEW, actor=actor),
    "vouch": lambda limen, whom, actor: limen.assistance.verify_email(whom, actor=actor),
    "unlock": lambda limen, whom, actor: limen.assistance.unlock(whom, actor=actor),
    "reactivate": lambda limen, whom, actor: limen.users.reactivate(whom, actor=actor),
    "reset factors": lambda limen, whom, actor: limen.factors.reset(whom, actor=actor),
    "approve a reset": lambda limen, whom, actor: limen.factors.approve_reset(whom, actor=actor),
    "remove a passkey": lambda limen, whom, actor: limen.passkeys.remove(
        whom, PasskeyId(a_user_id()), actor=actor
    ),
    "give a role": lambda limen, whom, actor: limen.roles.grant(whom, "clerk", actor=actor),
    "take a role": lambda limen, whom, actor: limen.roles.withdraw(whom, "clerk", actor=actor),
    "make a role": lambda limen, _, actor: limen.roles.create(actor=actor, name="cashier"),
    "delete a role": lambda limen, _, actor: limen.roles.delete("clerk", actor=actor),
    "make a signing key": lambda limen, _, actor: limen.keys.rotate(actor=actor),
    "change a role": lambda limen, _, actor: limen.roles.replace("clerk", actor=actor),
    "delete": lambda limen, whom, actor: limen.users.delete(whom, actor=actor),
    "import": lambda limen, _, actor: limen.imports.add(
        [AccountRow(line=1, email="new@example.org")], actor=actor
    ),
    "export": lambda limen, _, actor: limen.imports.export(actor=actor),
}


@pytest.mark.parametrize("use_case", BY_HELPERS.values(), ids=BY_HELPERS)
async def test_a_sign_in_of_long_ago_is_not_enough_to_help(use_case: Helping) -> None:
    limen = Assembly()
    await limen.roles.create(actor=OPERATOR, name="clerk")
    ada = await limen.register()
    await limen.administrator()
    root = acting(await limen.enter("root@example.org"))
    limen.clock.advance(FRESH)
    told = await limen.event_names()
    with pytest.raises(StepUpNeeded):
        await use_case(limen, ada.id, root)
    assert await limen.event_names() == told


async def test_where_registration_is_closed_every_new_account_needs_a_fresh_sign_in() -> None:
    limen = Assembly(policies=Policies(users=UserPolicy(is_registration_open=False)))
    await limen.users.create(actor=OPERATOR, email="root@example.org", password=PASSWORD)
    await limen.keys.ensure(actor=OPERATOR)
    root = await limen.users.find("root@example.org", actor=OPERATOR)
    await limen.roles.grant(root.id, ADMIN, actor=OPERATOR)
    stale = acting(await limen.enter("root@example.org"))
    limen.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        await limen.users.create(actor=stale, email="new@example.org")


async def test_a_sign_in_of_long_ago_shuts_out_and_makes_what_nobody_comes_in_by() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.administrator()
    root = acting(await limen.enter("root@example.org"))
    limen.clock.advance(FRESH)
    await limen.users.create(actor=root, email="new@example.org")
    await limen.users.update(ada.id, actor=root, name="Ada")
    await limen.assistance.require_reset(ada.id, actor=root)
    await limen.sessions.revoke_all(ada.id, actor=root)
    await limen.users.suspend(ada.id, actor=root)


async def test_strangers_are_not_signed_in() -> None:
    limen = Assembly()
    for use_case in (DELICATE["change the password"], DELICATE["change the address"]):
        with pytest.raises(NotSignedIn):
            await use_case(limen, Actor.anonymous())
