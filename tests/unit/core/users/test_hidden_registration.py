"""Registering where nobody signs in unproved: who has an account is told by mail alone."""

from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import HashingBusy, InvalidCredentials, InvalidInput, PasswordRefused
from limen.core.messages.model import MessageState
from limen.core.users.model import Status, UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, in_memory
from limen.testing.policies import Policies

ADA = "ada@example.org"
OTHERS = "somebody elses password"


def cautious() -> Assembly:
    return in_memory(policies=Policies(users=UserPolicy(allows_unverified_sign_in=False)))


async def proved() -> Assembly:
    """Ada has an account and has proved her address."""
    limen = cautious()
    await limen.register()
    token = (await limen.read_mail())["link"].partition("#")[2]
    await limen.emails.verify(token=token, password=PASSWORD)
    limen.mail.mails.clear()
    return limen


async def test_a_free_and_a_taken_address_get_the_same_answer() -> None:
    limen = await proved()
    for email in (ADA, "ADA@example.org", "free@example.org"):
        assert await limen.users.register(email=email, password=OTHERS) is None


async def test_the_owner_of_a_taken_address_is_told_and_keeps_everything() -> None:
    limen = await proved()
    before = await limen.users.find(ADA, actor=OPERATOR)
    await limen.users.register(email=ADA, password=OTHERS, name="Eve")
    await limen.delivery.deliver()
    assert [mail.subject for mail in limen.mail.to(ADA)] == ["email_taken"]
    assert await limen.users.find(ADA, actor=OPERATOR) == before
    await limen.enter()
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier=ADA, password=OTHERS)
    assert "user.registration_repeated" in await limen.event_names(before.id)


async def test_a_free_address_gets_an_account_that_waits_for_its_proof() -> None:
    limen = cautious()
    await limen.users.register(email=ADA, password=PASSWORD)
    mail = await limen.read_mail()
    assert limen.mail.to(ADA)[-1].subject == "verify_email"
    user = await limen.users.find(ADA, actor=OPERATOR)
    assert user.status is Status.PENDING
    await limen.emails.verify(token=mail["link"].partition("#")[2], password=PASSWORD)
    await limen.enter()


async def test_who_registers_twice_unproved_is_asked_for_the_proof_once_more() -> None:
    limen = cautious()
    for _ in range(2):
        await limen.users.register(email=ADA, password=PASSWORD)
        await limen.delivery.deliver()
    assert [mail.subject for mail in limen.mail.to(ADA)] == ["verify_email"] * 2


async def test_the_password_is_judged_before_anything_is_looked_up() -> None:
    limen = await proved()
    for email in (ADA, "free@example.org"):
        with pytest.raises(PasswordRefused):
            await limen.users.register(email=email, password="short")


async def test_a_username_would_tell_and_is_chosen_later() -> None:
    limen = await proved()
    for email in (ADA, "free@example.org"):
        with pytest.raises(InvalidInput) as refused:
            await limen.users.register(email=email, password=OTHERS, username="eve")
        assert [(f.field, f.code) for f in refused.value.details] == [("username", "too_early")]


async def test_the_same_work_is_done_for_both() -> None:
    limen = await proved()
    limen.hasher.is_busy = True
    for email in (ADA, "free@example.org"):
        with pytest.raises(HashingBusy):
            await limen.users.register(email=email, password=OTHERS)


async def test_nobodys_post_is_filled_by_registrations() -> None:
    limen = await proved()
    for number in range(8):
        actor = Actor.anonymous(address=f"192.0.2.{number}")
        await limen.users.register(email=ADA, password=OTHERS, actor=actor)
    done = await limen.delivery.deliver()
    assert done == {MessageState.SENT: 1, MessageState.DROPPED: 7}
    limen.clock.advance(timedelta(days=1))
    await limen.users.register(email=ADA, password=OTHERS)
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}


async def test_who_is_shut_out_is_written_nothing() -> None:
    limen = await proved()
    ada = await limen.users.find(ADA, actor=OPERATOR)
    await limen.users.suspend(ada.id, actor=OPERATOR)
    assert await limen.users.register(email=ADA, password=OTHERS) is None
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 1}


async def test_one_network_cannot_keep_the_mail_from_whoever_registers_elsewhere() -> None:
    limen = cautious()
    stranger = Actor.anonymous(address="203.0.113.5")
    for _ in range(5):
        for _ in range(5):
            await limen.users.register(email=ADA, password="not the owner's", actor=stranger)
        await limen.delivery.deliver()
        limen.clock.advance(timedelta(hours=1, seconds=1))
    before = len(limen.mail.to(ADA))
    owner = Actor.anonymous(address="198.51.100.77")
    await limen.users.register(email=ADA, password="the owner's own", actor=owner)
    await limen.delivery.deliver()
    assert (before, len(limen.mail.to(ADA))) == (20, 21)
