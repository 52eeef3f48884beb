"""Proving and changing addresses."""

from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    CurrentPasswordWrong,
    EmailTaken,
    InvalidCredentials,
    InvalidInput,
    NotSignedIn,
    ProofInvalid,
    SessionEnded,
    TooManyAttempts,
    UserNotFound,
)
from limen.core.messages.model import MessageState
from limen.core.roles.model import ADMIN
from limen.core.users.model import Status, User, UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.contracts.steps import change
from limen.testing.passkeys import a_passkey
from limen.testing.people import sign_up
from limen.testing.policies import Policies

ADA = "ada@example.org"
NEW = "ada@example.com"


def token_of(mail: dict[str, str]) -> str:
    return mail["link"].partition("#")[2]


async def asked(policies: Policies | None = None) -> tuple[Assembly, User, dict[str, str]]:
    """Ada has registered and was sent a link and a code."""
    limen = Assembly(policies=policies)
    ada = await limen.register()
    await limen.emails.send_verification(identifier=ADA)
    return limen, ada, await limen.read_mail()


async def proved() -> tuple[Assembly, Actor]:
    """Ada has proved her address and is signed in."""
    limen, _, mail = await asked()
    actor = acting(await limen.enter())
    await limen.emails.verify(token=token_of(mail), actor=actor)
    return limen, actor


# --- proving ---


async def test_who_is_signed_in_proves_the_address_and_keeps_everything() -> None:
    limen, ada, mail = await asked()
    tokens, other = await limen.enter(), await limen.enter()
    verified = await limen.emails.verify(token=token_of(mail), actor=acting(tokens))
    assert verified.user.email_verified_at == limen.clock.now()
    assert verified.reset_token is None
    await limen.enter()
    await limen.tokens.refresh(refresh_token=other.refresh_token)
    assert "user.taken_over" not in await limen.event_names(ada.id)


async def test_so_does_who_knows_the_password() -> None:
    limen, _, mail = await asked()
    verified = await limen.emails.verify(identifier=ADA, code=mail["code"], password=PASSWORD)
    assert verified.reset_token is None
    await limen.enter()


async def test_to_anybody_else_the_account_falls_as_to_its_owner() -> None:
    limen, ada, mail = await asked()
    tokens = await limen.enter()
    verified = await limen.emails.verify(token=token_of(mail))
    with pytest.raises(InvalidCredentials):
        await limen.enter()
    assert await limen.sessions.list(ada.id, actor=OPERATOR) == ()
    assert "user.taken_over" in await limen.event_names(ada.id)
    assert verified.reset_token is not None
    await limen.recovery.reset(token=verified.reset_token, new="staple of the battery")
    await limen.sign_in.sign_in(identifier=ADA, password="staple of the battery")
    assert tokens.user.id == ada.id


async def test_a_wrong_password_leaves_link_and_account_as_they_are() -> None:
    limen, _, mail = await asked()
    with pytest.raises(CurrentPasswordWrong):
        await limen.emails.verify(token=token_of(mail), password="a wrong guess of it")
    assert (await limen.event_names())[-1] == "password.proof_failed"
    await limen.emails.verify(token=token_of(mail), password=PASSWORD)


async def test_somebody_else_who_is_signed_in_is_anybody_else() -> None:
    limen, ada, mail = await asked()
    await limen.register("eve@example.org")
    eve = acting(await limen.enter("eve@example.org"))
    verified = await limen.emails.verify(token=token_of(mail), actor=eve)
    assert (verified.user.id, verified.reset_token is None) == (ada.id, False)


async def test_who_may_not_sign_in_unproved_may_once_it_is_proved() -> None:
    policy = UserPolicy(allows_unverified_sign_in=False)
    limen, ada, mail = await asked(Policies(users=policy))
    assert ada.status is Status.PENDING
    with pytest.raises(InvalidCredentials):
        await limen.enter()
    verified = await limen.emails.verify(token=token_of(mail), password=PASSWORD)
    assert verified.user.status is Status.ACTIVE
    await limen.enter()


async def test_a_link_or_code_counts_once() -> None:
    limen, _, mail = await asked()
    await limen.emails.verify(token=token_of(mail), password=PASSWORD)
    with pytest.raises(ProofInvalid):
        await limen.emails.verify(token=token_of(mail), password=PASSWORD)
    with pytest.raises(ProofInvalid):
        await limen.emails.verify(identifier=ADA, code=mail["code"], password=PASSWORD)


async def test_a_link_is_over_after_a_day() -> None:
    limen, _, mail = await asked()
    limen.clock.advance(timedelta(days=1))
    with pytest.raises(ProofInvalid):
        await limen.emails.verify(token=token_of(mail))


async def test_a_proved_address_gets_no_further_mail() -> None:
    limen, _ = await proved()
    await limen.emails.send_verification(identifier=ADA)
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 1}


async def test_from_one_address_thirty_mails_are_asked_for() -> None:
    limen = Assembly()
    actor = Actor.anonymous(address="192.0.2.1")
    for _ in range(30):
        await limen.emails.send_verification(identifier="nobody@example.org", actor=actor)
    with pytest.raises(TooManyAttempts):
        await limen.emails.send_verification(identifier=ADA, actor=actor)


async def test_a_link_made_before_an_administrator_changed_the_address_is_void() -> None:
    limen, ada, mail = await asked()
    await limen.users.update(ada.id, email=NEW, actor=OPERATOR)
    with pytest.raises(ProofInvalid):
        await limen.emails.verify(token=token_of(mail), password=PASSWORD)


# --- changing ---


async def test_an_address_changes_when_both_ends_agree_in_either_order() -> None:
    for first, second in ((ADA, NEW), (NEW, ADA)):
        limen, actor = await proved()
        await limen.emails.request_change(new_email=NEW, actor=actor)
        links = {end: token_of(await limen.read_mail(end)) for end in (ADA, NEW)}
        waiting = await limen.emails.verify(token=links[first], actor=actor)
        assert (waiting.user.email.address, waiting.is_waiting) == (ADA, True)
        done = await limen.emails.verify(token=links[second], actor=actor)
        assert (done.user.email.address, done.is_waiting) == (NEW, False)
        assert done.user.email_verified_at == limen.clock.now()
        await limen.enter(NEW)
        await limen.delivery.deliver()
        assert limen.mail.to(ADA)[-1].subject == "email_changed"


async def test_a_change_ends_all_other_sessions() -> None:
    limen, actor = await proved()
    other = await limen.enter()
    await limen.emails.request_change(new_email=NEW, actor=actor)
    codes = {end: (await limen.read_mail(end))["code"] for end in (ADA, NEW)}
    await limen.emails.verify(code=codes[NEW], actor=actor)
    done = await limen.emails.verify(code=codes[ADA], actor=actor)
    live = await limen.sessions.list(done.user.id, actor=OPERATOR)
    assert [session.id for session in live] == [actor.session_id]
    assert other.session_id != actor.session_id


async def test_an_unproved_address_is_told_nothing_of_its_change() -> None:
    limen = Assembly()
    await limen.register()
    actor = acting(await limen.enter())
    await limen.emails.request_change(new_email=NEW, actor=actor)
    await limen.emails.verify(token=token_of(await limen.read_mail(NEW)), actor=actor)
    await limen.delivery.deliver()
    assert [mail.subject for mail in limen.mail.to(ADA)] == ["verify_email"]


async def test_an_unproved_address_has_no_say_in_its_change() -> None:
    limen = Assembly()
    await limen.register()
    actor = acting(await limen.enter())
    await limen.emails.request_change(new_email=NEW, actor=actor)
    done = await limen.emails.verify(token=token_of(await limen.read_mail(NEW)), actor=actor)
    assert (done.user.email.address, done.is_waiting) == (NEW, False)


async def test_agreeing_to_one_address_is_not_agreeing_to_another() -> None:
    limen, actor = await proved()
    await limen.emails.request_change(new_email=NEW, actor=actor)
    await limen.emails.verify(token=token_of(await limen.read_mail(ADA)))
    await limen.emails.request_change(new_email="eve@example.net", actor=actor)
    await limen.delivery.deliver()
    confirmed = token_of(await limen.read_mail("eve@example.net"))
    waiting = await limen.emails.verify(token=confirmed, password=PASSWORD)
    assert (waiting.user.email.address, waiting.is_waiting) == (ADA, True)


async def test_a_change_is_void_after_an_hour() -> None:
    limen, actor = await proved()
    await limen.emails.request_change(new_email=NEW, actor=actor)
    links = {end: token_of(await limen.read_mail(end)) for end in (ADA, NEW)}
    await limen.emails.verify(token=links[ADA])
    limen.clock.advance(timedelta(hours=1))
    with pytest.raises(ProofInvalid):
        await limen.emails.verify(token=links[NEW])


async def test_an_address_that_somebody_took_meanwhile_is_refused() -> None:
    limen, actor = await proved()
    await limen.emails.request_change(new_email=NEW, actor=actor)
    links = {end: token_of(await limen.read_mail(end)) for end in (ADA, NEW)}
    await limen.register(NEW)
    await limen.emails.send_verification(identifier=NEW)
    await limen.emails.verify(token=token_of(await limen.read_mail(NEW)), password=PASSWORD)
    await limen.emails.verify(token=links[ADA])
    with pytest.raises(EmailTaken):
        await limen.emails.verify(token=links[NEW], actor=actor)


async def test_who_waits_in_an_address_that_they_never_proved_does_not_keep_it() -> None:
    limen, actor = await proved()
    squatter = await limen.register(NEW)
    tokens = await limen.enter(NEW)
    await limen.emails.request_change(new_email=NEW, actor=actor)
    links = {end: token_of(await limen.read_mail(end)) for end in (ADA, NEW)}
    await limen.emails.verify(token=links[ADA])
    done = await limen.emails.verify(token=links[NEW], actor=actor)
    assert (done.user.id, done.user.email.address) == (actor.user_id, NEW)
    with pytest.raises(UserNotFound):
        await limen.users.get(squatter.id, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)
    assert (await limen.event_names(squatter.id))[-1] == "user.displaced"


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.PENDING])
async def test_whoever_was_given_a_role_is_no_squatter(status: Status) -> None:
    limen, actor = await proved()
    user = await limen.users.create(email=NEW, status=status, actor=OPERATOR)
    await limen.roles.grant(user.id, ADMIN, actor=OPERATOR)
    await limen.emails.request_change(new_email=NEW, actor=actor)
    links = {end: token_of(await limen.read_mail(end)) for end in (ADA, NEW)}
    await limen.emails.verify(token=links[ADA])
    with pytest.raises(EmailTaken):
        await limen.emails.verify(token=links[NEW], actor=actor)


async def test_whoever_was_shut_out_is_not_displaced() -> None:
    limen, actor = await proved()
    banned = await limen.register(NEW)
    await limen.users.suspend(banned.id, actor=OPERATOR)
    await limen.emails.request_change(new_email=NEW, actor=actor)
    links = {end: token_of(await limen.read_mail(end)) for end in (ADA, NEW)}
    await limen.emails.verify(token=links[ADA])
    with pytest.raises(EmailTaken):
        await limen.emails.verify(token=links[NEW], actor=actor)
    assert (await limen.users.get(banned.id, actor=OPERATOR)).status is Status.SUSPENDED


async def test_who_reads_the_mail_of_an_address_gives_it_to_nobody_elses_account() -> None:
    """Eve asks for Ada's address, and Ada opens what she is sent."""
    limen = Assembly()
    await limen.register("eve@example.org")
    eve = acting(await limen.enter("eve@example.org"))
    await limen.emails.request_change(new_email=NEW, actor=eve)
    token = token_of(await limen.read_mail(NEW))
    with pytest.raises(NotSignedIn):
        await limen.emails.verify(token=token)
    with pytest.raises(CurrentPasswordWrong):
        await limen.emails.verify(token=token, password="a guess of Ada's own")


async def test_nobody_changes_to_the_address_they_have() -> None:
    limen = Assembly()
    await limen.register()
    actor = acting(await limen.enter())
    with pytest.raises(InvalidInput) as refused:
        await limen.emails.request_change(new_email="ADA@example.org", actor=actor)
    assert [fault.code for fault in refused.value.details] == ["same"]


async def test_an_administrators_change_of_address_voids_what_was_asked_for_before() -> None:
    limen, actor = await proved()
    assert actor.user_id is not None
    await limen.emails.request_change(new_email=NEW, actor=actor)
    links = {end: token_of(await limen.read_mail(end)) for end in (ADA, NEW)}
    await limen.users.update(actor.user_id, email="safe@example.org", actor=OPERATOR)
    for link in links.values():
        with pytest.raises(ProofInvalid):
            await limen.emails.verify(token=link, actor=actor)


async def test_an_administrators_change_of_address_ends_all_sessions() -> None:
    limen, actor = await proved()
    assert actor.user_id is not None
    tokens = await limen.enter()
    await limen.users.update(actor.user_id, email="safe@example.org", actor=OPERATOR)
    assert await limen.sessions.list(actor.user_id, actor=OPERATOR) == ()
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)
    assert (await limen.event_names(actor.user_id))[-2:] == ["user.updated", "email.set"]


async def test_an_administrator_who_changes_their_own_address_stays_signed_in() -> None:
    limen, actor = await proved()
    assert actor.user_id is not None
    await limen.roles.grant(actor.user_id, "admin", actor=OPERATOR)
    await limen.enter()
    await limen.users.replace(actor.user_id, email="safe@example.org", actor=actor)
    live = await limen.sessions.list(actor.user_id, actor=actor)
    assert [session.id for session in live] == [actor.session_id]


async def test_an_administrators_change_is_told_at_the_former_address_if_it_was_proved() -> None:
    limen, actor = await proved()
    assert actor.user_id is not None
    await limen.users.update(actor.user_id, email="safe@example.org", actor=OPERATOR)
    told = await limen.read_mail(ADA)
    assert (limen.mail.to(ADA)[-1].subject, told) == (
        "email_changed",
        {"locale": "en", "new_email": "safe@example.org"},
    )
    await limen.users.update(actor.user_id, email="other@example.org", actor=OPERATOR)
    await limen.delivery.deliver()
    assert limen.mail.to("safe@example.org") == ()


async def test_the_same_address_in_other_letters_is_another_mailbox() -> None:
    limen, actor = await proved()
    assert actor.user_id is not None
    changed = await limen.users.update(actor.user_id, email="Ada@example.org", actor=OPERATOR)
    assert changed.email_verified_at is None
    assert await limen.sessions.list(actor.user_id, actor=OPERATOR) == ()
    await limen.delivery.deliver()
    assert "email_changed" in [mail.subject for mail in limen.mail.to(ADA)]


async def test_a_change_that_was_asked_for_before_a_new_password_is_not_even_mailed() -> None:
    limen, actor = await proved()
    assert actor.user_id is not None
    await limen.emails.request_change(new_email=NEW, actor=actor)
    limen.clock.advance(timedelta(seconds=1))
    await limen.passwords.set(actor.user_id, new="staple of the battery", actor=OPERATOR)
    await limen.delivery.deliver()
    assert limen.mail.to(NEW) == ()


async def test_right_codes_never_lock_anybody_out() -> None:
    for _ in range(8):
        limen, _, mail = await asked()
        await limen.emails.verify(identifier=ADA, code=mail["code"], password=PASSWORD)
    limen, actor = await proved()
    for _ in range(8):
        browser = await limen.links.ask(identifier=ADA)
        code = (await limen.read_mail())["code"]
        await limen.links.complete(browser=browser, identifier=ADA, code=code)
        limen.clock.advance(timedelta(hours=1))
    assert actor.user_id is not None


async def test_only_a_user_can_ask_for_another_address_and_only_for_a_possible_one() -> None:
    limen, actor = await proved()
    with pytest.raises(NotSignedIn):
        await limen.emails.request_change(new_email=NEW, actor=Actor.anonymous())
    with pytest.raises(InvalidInput) as refused:
        await limen.emails.request_change(new_email="nobody", actor=actor)
    assert [fault.field for fault in refused.value.details] == ["new_email"]


async def test_who_was_deleted_has_no_session_any_more_and_asks_for_no_address() -> None:
    limen, actor = await proved()
    assert actor.user_id is not None
    await limen.users.delete(actor.user_id, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        await limen.emails.request_change(new_email=NEW, actor=actor)


# --- an address that an administrator set ---


async def moved() -> tuple[Assembly, User]:
    """Ada, who proved her address, was given another one by somebody with `users.write`."""
    limen, actor = await proved()
    assert actor.user_id is not None
    await limen.roles.create(name="editor", permissions=["users.write"], actor=OPERATOR)
    editor = await sign_up(limen, "editor@example.org", roles=["editor"])
    return limen, await limen.users.update(actor.user_id, email=NEW, actor=editor.actor)


async def test_who_reads_the_mail_of_an_address_that_was_set_gets_no_proved_account() -> None:
    limen, ada = await moved()
    await limen.emails.send_verification(identifier=NEW)
    mail = await limen.read_mail(NEW)
    with pytest.raises(NotSignedIn):
        await limen.emails.verify(token=token_of(mail))
    with pytest.raises(NotSignedIn):
        await limen.emails.verify(identifier=NEW, code=mail["code"])
    await limen.enter(NEW)
    assert "user.taken_over" not in await limen.event_names(ada.id)


async def test_its_owner_proves_it_by_the_same_link() -> None:
    limen, ada = await moved()
    await limen.emails.send_verification(identifier=NEW)
    token = token_of(await limen.read_mail(NEW))
    with pytest.raises(NotSignedIn):
        await limen.emails.verify(token=token)
    verified = await limen.emails.verify(token=token, password=PASSWORD)
    assert (verified.user.email_verified_at, verified.reset_token) == (limen.clock.now(), None)
    assert verified.user.first_verified_at == ada.first_verified_at


async def test_nothing_that_lets_one_in_is_mailed_to_it() -> None:
    limen, ada = await moved()
    await limen.delivery.deliver()
    before = len(limen.mail.to(NEW))
    await limen.recovery.forgot(identifier=NEW)
    await limen.links.ask(identifier=NEW)
    await limen.assistance.require_reset(ada.id, actor=OPERATOR)
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 3}
    assert len(limen.mail.to(NEW)) == before


async def test_once_it_was_vouched_for_mail_leads_back_in() -> None:
    limen, ada = await moved()
    await limen.assistance.verify_email(ada.id, actor=OPERATOR)
    await limen.recovery.forgot(identifier=NEW)
    await limen.recovery.reset(token=token_of(await limen.read_mail(NEW)), new="staple of it all")


async def test_who_has_it_with_another_account_displaces_nobody() -> None:
    limen, ada = await moved()
    await limen.register("eve@example.org")
    eve = acting(await limen.enter("eve@example.org"))
    await limen.emails.request_change(new_email=NEW, actor=eve)
    with pytest.raises(EmailTaken):
        await limen.emails.verify(token=token_of(await limen.read_mail(NEW)), actor=eve)
    assert (await limen.users.get(ada.id, actor=OPERATOR)).email.address == NEW


@pytest.mark.parametrize("verb", ["update", "replace"])
async def test_an_account_that_was_never_proved_and_is_used_falls_to_nobody_either(
    verb: str,
) -> None:
    limen = Assembly()
    ada = await limen.register()
    moved = await getattr(limen.users, verb)(ada.id, email=NEW, actor=OPERATOR)
    assert (moved.email_verified_at, moved.has_owner) == (None, True)
    await limen.delivery.deliver()
    await limen.recovery.forgot(identifier=NEW)
    await limen.links.ask(identifier=NEW)
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 2}
    await limen.emails.send_verification(identifier=NEW)
    token = token_of(await limen.read_mail(NEW))
    with pytest.raises(NotSignedIn):
        await limen.emails.verify(token=token)
    await limen.emails.verify(token=token, password=PASSWORD)


async def test_a_passkey_makes_it_used() -> None:
    limen = Assembly()
    ada = await limen.users.create(actor=OPERATOR, email="ada@example.org")
    await change(limen.unit_of_work, lambda uow: uow.passkeys.add(a_passkey(ada.id)))
    assert (await limen.users.update(ada.id, email=NEW, actor=OPERATOR)).has_owner


async def test_an_account_that_nobody_can_use_yet_falls_to_the_first_proof() -> None:
    limen = Assembly()
    ada = await limen.users.create(actor=OPERATOR, email="ada@example.org")
    await limen.users.update(ada.id, email=NEW, actor=OPERATOR)
    await limen.recovery.forgot(identifier=NEW)
    await limen.recovery.reset(token=token_of(await limen.read_mail(NEW)), new="staple of it all")
    assert "user.taken_over" in await limen.event_names(ada.id)
