"""What administrators do for users who cannot help themselves."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import pyotp
import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    BeyondOwnPermissions,
    CurrentPasswordWrong,
    FactorInvalid,
    InvalidCredentials,
    NotAPerson,
    PartialSessionInvalid,
    PermissionMissing,
    ProofInvalid,
    SessionEnded,
    TooManyAttempts,
    UserNotFound,
    VersionMismatch,
)
from limen.core.events import SignInFailure
from limen.core.ids import UserId
from limen.core.roles.model import Permission
from limen.core.signin.entering import PartialSignIn
from limen.core.users.model import User
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_user_id

NEW = "staple of the battery"
HOME, ELSEWHERE = Actor.anonymous(address="192.0.2.1"), Actor.anonymous(address="198.51.100.1")

Help = Callable[[Assembly, UserId, Actor], Coroutine[Any, Any, Any]]
HELP: Final[dict[Permission, Help]] = {
    Permission.PASSWORDS_RESET: lambda limen, user_id, by: limen.assistance.require_reset(
        user_id, actor=by
    ),
    Permission.USERS_VERIFY: lambda limen, user_id, by: limen.assistance.verify_email(
        user_id, actor=by
    ),
    Permission.USERS_UNLOCK: lambda limen, user_id, by: limen.assistance.unlock(user_id, actor=by),
}


async def registered() -> tuple[Assembly, User]:
    limen = Assembly()
    return limen, await limen.register()


async def sign_in(limen: Assembly, password: str = PASSWORD, by: Actor = HOME) -> Any:
    return await limen.sign_in.sign_in(identifier="ada@example.org", password=password, actor=by)


def subjects(limen: Assembly) -> list[str]:
    return [mail.subject for mail in limen.mail.mails]


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("permission", HELP)
async def test_each_help_needs_its_own_permission(permission: Permission) -> None:
    limen, ada = await registered()
    helper = await limen.register("helper@example.org")
    me = acting(await limen.enter("helper@example.org"))
    others = {str(other) for other in Permission} - {str(permission)}
    await limen.roles.create(name="all-but", permissions=others, actor=OPERATOR)
    await limen.roles.create(name="only", permissions={str(permission)}, actor=OPERATOR)
    await limen.roles.grant(helper.id, "all-but", actor=OPERATOR)
    with pytest.raises(PermissionMissing):
        await HELP[permission](limen, ada.id, me)
    await limen.roles.withdraw(helper.id, "all-but", actor=OPERATOR)
    await limen.roles.grant(helper.id, "only", actor=OPERATOR)
    await HELP[permission](limen, ada.id, me)
    root = await limen.administrator()
    with pytest.raises(BeyondOwnPermissions):
        await HELP[permission](limen, root.id, me)


@pytest.mark.parametrize("permission", HELP)
async def test_help_is_for_people_who_are_there(permission: Permission) -> None:
    limen = Assembly()
    robot = await limen.service_accounts.create(actor=OPERATOR, username="robot")
    with pytest.raises(NotAPerson):
        await HELP[permission](limen, robot.id, OPERATOR)
    with pytest.raises(UserNotFound):
        await HELP[permission](limen, a_user_id(), OPERATOR)


# --- another password ----------------------------------------------------------------------------


async def test_a_password_that_must_be_reset_is_as_good_as_a_wrong_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limen, ada = await registered()
    verify, worked = limen.hasher.verify, []

    async def count(password: Any, digest: Any) -> None:
        worked.append(digest)
        await verify(password, digest)

    monkeypatch.setattr(limen.hasher, "verify", count)
    with pytest.raises(InvalidCredentials) as wrong:
        await sign_in(limen, "wrong")
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    with pytest.raises(InvalidCredentials) as refused:
        await sign_in(limen)
    assert len(worked) == 2
    assert worked[0] == worked[1]
    assert str(refused.value) == str(wrong.value)
    told = await limen.last_event()
    assert told.payload["reason"] == SignInFailure.RESET_REQUIRED.value


async def test_a_wrong_password_stays_a_wrong_one() -> None:
    limen, ada = await registered()
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    with pytest.raises(InvalidCredentials):
        await sign_in(limen, "wrong")
    told = await limen.last_event()
    assert told.payload["reason"] == SignInFailure.WRONG_PASSWORD.value


async def test_requiring_a_reset_ends_all_that_is_open() -> None:
    limen, ada = await registered()
    mine = await limen.enter()
    await limen.recovery.forgot(identifier="ada@example.org")
    mail = await limen.read_mail()
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(access_token=mine.access_token)
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(token=mail["link"].partition("#")[2], new=NEW)
    event = await limen.last_event()
    assert (event.name, event.user_id, event.payload) == (
        "password.reset_required",
        ada.id,
        {"had_password": True},
    )


async def test_the_link_that_is_sent_sets_a_password_that_lets_in_again() -> None:
    limen, ada = await registered()
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    mail = await limen.read_mail()
    assert subjects(limen)[-1] == "password_reset_required"
    await limen.recovery.reset(token=mail["link"].partition("#")[2], new=NEW)
    assert await sign_in(limen, NEW)


async def test_so_does_a_password_that_an_administrator_sets() -> None:
    limen, ada = await registered()
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    await limen.passwords.set(ada.id, new=PASSWORD, actor=OPERATOR)
    assert await sign_in(limen)


async def test_whoever_has_no_password_is_asked_for_the_first_one() -> None:
    limen = Assembly()
    ada = await limen.users.create(actor=OPERATOR, email="ada@example.org")
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    assert (await limen.last_event()).payload == {"had_password": False}
    mail = await limen.read_mail()
    await limen.recovery.reset(token=mail["link"].partition("#")[2], new=NEW)
    await limen.keys.ensure(actor=OPERATOR)
    assert await sign_in(limen, NEW)


async def test_it_proves_nothing_within_a_session_either() -> None:
    limen, ada = await registered()
    mine = await limen.enter()
    async with limen.unit_of_work() as uow:
        credential = await uow.passwords.find(ada.id)
        assert credential is not None
        await uow.passwords.save(credential.marked(limen.clock.now()))
        await uow.commit()
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current=PASSWORD, new=NEW, actor=acting(mine))
    with pytest.raises(CurrentPasswordWrong):
        await limen.step_up.step_up(password=PASSWORD, actor=acting(mine))


async def test_a_password_marked_while_it_is_checked_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limen, ada = await registered()
    verify = limen.hasher.verify

    async def verify_and_mark(*given: Any) -> None:
        await verify(*given)
        await limen.assistance.require_reset(ada.id, actor=OPERATOR)

    monkeypatch.setattr(limen.hasher, "verify", verify_and_mark)
    with pytest.raises(InvalidCredentials):
        await sign_in(limen)
    assert (await limen.last_event()).payload["reason"] == SignInFailure.RESET_REQUIRED.value


async def test_a_hash_that_lets_nobody_in_is_not_carried_elsewhere() -> None:
    limen, ada = await registered()
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    (row,) = (await limen.imports.export(actor=OPERATOR)).rows
    assert row.password_hash is None


# --- a proved address ----------------------------------------------------------------------------


async def test_an_address_vouched_for_is_proved_and_the_account_stays() -> None:
    limen, ada = await registered()
    root = await limen.administrator()
    me = acting(await limen.enter("root@example.org"))
    verified = await limen.assistance.verify_email(ada.id, actor=me)
    assert verified.email_verified_at == limen.clock.now()
    assert await limen.users.get(ada.id, actor=OPERATOR) == verified
    event = await limen.last_event()
    assert (event.name, event.actor.user_id, event.payload) == (
        "email.verified",
        root.id,
        {"is_vouched": True},
    )
    assert await sign_in(limen)


async def test_an_address_that_was_not_looked_at_is_not_vouched_for() -> None:
    limen, ada = await registered()
    await limen.users.update(ada.id, actor=OPERATOR, email="other@example.org")
    with pytest.raises(VersionMismatch):
        await limen.assistance.verify_email(ada.id, actor=OPERATOR, expected_version=ada.version)
    assert (await limen.users.get(ada.id, actor=OPERATOR)).email_verified_at is None


async def test_a_proved_address_is_not_vouched_for_again() -> None:
    limen, ada = await registered()
    verified = await limen.assistance.verify_email(ada.id, actor=OPERATOR)
    told = await limen.event_names()
    assert await limen.assistance.verify_email(ada.id, actor=OPERATOR) == verified
    assert await limen.event_names() == told


# --- an end of waiting ---------------------------------------------------------------------------


async def lock(limen: Assembly, by: Actor) -> None:
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await sign_in(limen, "wrong", by)
    with pytest.raises(TooManyAttempts):
        await sign_in(limen, PASSWORD, by)


async def test_who_is_unlocked_may_try_at_once_wherever_they_are() -> None:
    limen, ada = await registered()
    await sign_in(limen)
    await lock(limen, HOME)
    await lock(limen, ELSEWHERE)
    await limen.assistance.unlock(ada.id, actor=OPERATOR)
    assert (await limen.last_event()).name == "user.unlocked"
    assert await sign_in(limen, by=HOME)
    assert await sign_in(limen, by=ELSEWHERE)


async def test_who_is_unlocked_may_try_each_factor_at_once() -> None:
    limen, ada = await registered()
    me = acting(await limen.enter())
    made = await limen.factors.begin_totp(actor=me)
    code = pyotp.TOTP(made.secret.reveal()).at(limen.clock.now())
    codes = await limen.factors.confirm_totp(code=code, actor=me)
    for wrong in ("000000", "bcdf-ghjk-lmnp-qrst"):
        for _ in range(6):
            with pytest.raises(FactorInvalid):
                await limen.factor_prover.prove(ada.id, wrong, actor=me)
        with pytest.raises(TooManyAttempts):
            await limen.factor_prover.prove(ada.id, wrong, actor=me)
    await limen.assistance.unlock(ada.id, actor=OPERATOR)
    assert await limen.factor_prover.prove(ada.id, codes[0], actor=me) == "rc"
    with pytest.raises(FactorInvalid):
        await limen.factor_prover.prove(ada.id, "000000", actor=me)


async def test_signing_somebody_out_ends_what_waits_for_a_second_factor() -> None:
    limen, ada = await registered()
    me = acting(await limen.enter())
    made = await limen.factors.begin_totp(actor=me)
    app = pyotp.TOTP(made.secret.reveal())
    await limen.factors.confirm_totp(code=app.at(limen.clock.now()), actor=me)
    waiting = await sign_in(limen)
    assert isinstance(waiting, PartialSignIn)
    await limen.sessions.revoke_all(ada.id, actor=OPERATOR)
    with pytest.raises(PartialSessionInvalid):
        await limen.second_step.finish(partial_token=waiting.partial_token, code="000000")
