"""Getting back into an account whose password is lost."""

from datetime import timedelta
from typing import Any

import pytest

from limen.core.errors import (
    InvalidCredentials,
    InvalidInput,
    PasswordRefused,
    ProofInvalid,
    RefreshTokenInvalid,
    SessionEnded,
    TooManyAttempts,
)
from limen.core.messages.model import MessageState
from limen.core.proofs.checking import ProofChecker
from limen.core.proofs.model import Proof
from limen.testing.assembly import OPERATOR, Assembly, acting

NEW = "staple of the battery"


async def asked() -> tuple[Assembly, dict[str, str]]:
    """Ada has registered, proved her address, and asked for a new password."""
    limen = Assembly()
    await limen.register()
    await prove(limen)
    await limen.recovery.forgot(identifier="ada@example.org")
    return limen, await limen.read_mail()


async def prove(limen: Assembly) -> None:
    await limen.emails.send_verification(identifier="ada@example.org")
    tokens = await limen.enter()
    token = token_of(await limen.read_mail())
    await limen.emails.verify(token=token, actor=acting(tokens))
    await limen.sessions.sign_out(actor=acting(tokens))


def token_of(mail: dict[str, str]) -> str:
    return mail["link"].partition("#")[2]


async def sign_in(limen: Assembly, password: str) -> None:
    await limen.sign_in.sign_in(identifier="ada@example.org", password=password)


async def test_a_link_sets_a_new_password() -> None:
    limen, mail = await asked()
    await limen.recovery.reset(token=token_of(mail), new=NEW)
    await sign_in(limen, NEW)
    with pytest.raises(InvalidCredentials):
        await limen.enter()


async def test_so_does_a_code_however_it_is_typed() -> None:
    limen, mail = await asked()
    typed = mail["code"].lower().replace("-", " ")
    await limen.recovery.reset(identifier="ADA@example.org", code=typed, new=NEW)
    await sign_in(limen, NEW)


async def test_a_link_or_code_counts_once() -> None:
    limen, mail = await asked()
    await limen.recovery.reset(token=token_of(mail), new=NEW)
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(token=token_of(mail), new="another one of them")
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(
            identifier="ada@example.org", code=mail["code"], new="another one of them"
        )
    await sign_in(limen, NEW)


async def test_a_reset_ends_every_session_and_every_other_link() -> None:
    limen, mail = await asked()
    tokens = await limen.enter()
    await limen.emails.request_change(new_email="ada@example.com", actor=acting(tokens))
    change = await limen.read_mail("ada@example.com")
    await limen.recovery.reset(token=token_of(mail), new=NEW)
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(access_token=tokens.access_token)
    with pytest.raises(RefreshTokenInvalid):
        await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    with pytest.raises(ProofInvalid):
        await limen.emails.verify(token=token_of(change))


async def test_the_owner_is_told() -> None:
    limen, mail = await asked()
    await limen.recovery.reset(token=token_of(mail), new=NEW)
    await limen.read_mail()
    assert limen.mail.to("ada@example.org")[-1].subject == "password_changed"


async def test_who_is_deleted_amid_a_reset_has_no_link_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limen, mail = await asked()
    check = ProofChecker.check

    async def check_and_delete(*args: Any, **others: Any) -> Proof:
        proof = await check(*args, **others)
        await limen.users.delete(proof.user_id, actor=OPERATOR)
        return proof

    monkeypatch.setattr(ProofChecker, "check", check_and_delete)
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(token=token_of(mail), new=NEW)


async def test_a_refused_password_leaves_the_link_good() -> None:
    limen, mail = await asked()
    for weak in ("short", "password1234", "ada@example.org"):
        with pytest.raises(PasswordRefused) as refused:
            await limen.recovery.reset(token=token_of(mail), new=weak)
        assert {fault.field for fault in refused.value.details} == {"new_password"}
    await limen.recovery.reset(token=token_of(mail), new=NEW)


async def test_a_later_link_replaces_an_earlier_one() -> None:
    limen, mail = await asked()
    await limen.recovery.forgot(identifier="ada@example.org")
    later = await limen.read_mail()
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(token=token_of(mail), new=NEW)
    await limen.recovery.reset(token=token_of(later), new=NEW)


async def test_a_link_is_over_after_half_an_hour() -> None:
    limen, mail = await asked()
    limen.clock.advance(timedelta(minutes=30))
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(token=token_of(mail), new=NEW)


async def test_five_wrong_codes_spoil_the_right_one_and_another_mail_brings_no_new_tries() -> None:
    limen, mail = await asked()
    for wrong in range(5):
        with pytest.raises(ProofInvalid):
            await limen.recovery.reset(
                identifier="ada@example.org", code="BCDF-GHJ" + "KLMNP"[wrong], new=NEW
            )
    limen.clock.advance(timedelta(minutes=1))
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier="ada@example.org", code=mail["code"], new=NEW)
    await limen.recovery.forgot(identifier="ada@example.org")
    again = await limen.read_mail()
    limen.clock.advance(timedelta(minutes=1))
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier="ada@example.org", code=again["code"], new=NEW)
    await limen.recovery.reset(token=token_of(again), new=NEW)


async def test_codes_and_passwords_share_one_count_of_tries() -> None:
    limen, _ = await asked()
    for _ in range(4):
        with pytest.raises(InvalidCredentials):
            await sign_in(limen, "a wrong guess of it")
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier="ada@example.org", code="BCDFGHJK", new=NEW)
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier="ada@example.org", code="BCDFGHJK", new=NEW)
    with pytest.raises(TooManyAttempts):
        await limen.recovery.reset(identifier="ada@example.org", code="BCDFGHJK", new=NEW)


@pytest.mark.parametrize("identifier", ["nobody@example.org", "nobody", "", "not @ address"])
async def test_asking_for_nobody_is_answered_alike_and_sends_nothing(identifier: str) -> None:
    limen = Assembly()
    await limen.register()
    await limen.delivery.deliver()
    await limen.recovery.forgot(identifier=identifier)
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 1}
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier=identifier, code="BCDF-GHJK", new=NEW)


async def test_a_suspended_user_is_sent_nothing_and_an_earlier_link_is_void() -> None:
    limen, mail = await asked()
    ada = await limen.users.find("ada@example.org", actor=OPERATOR)
    await limen.users.suspend(ada.id, actor=OPERATOR)
    await limen.recovery.forgot(identifier="ada@example.org")
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 1}
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(token=token_of(mail), new=NEW)


async def test_an_address_that_was_never_proved_is_proved_by_a_reset() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    await limen.recovery.forgot(identifier="ada@example.org")
    mail = await limen.read_mail()
    user = await limen.recovery.reset(token=token_of(mail), new=NEW)
    assert user.email_verified_at == limen.clock.now()
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(access_token=tokens.access_token)
    assert "user.taken_over" in await limen.event_names(ada.id)


async def test_a_link_for_something_else_is_good_for_nothing() -> None:
    limen = Assembly()
    await limen.register()
    await limen.emails.send_verification(identifier="ada@example.org")
    token = token_of(await limen.read_mail())
    renamed = token.replace("verify-email", "reset-password")
    for shown in (token, renamed, "", "limen_reset-password_", "x" * 10_000):
        with pytest.raises(ProofInvalid):
            await limen.recovery.reset(token=shown, new=NEW)


async def test_a_token_or_a_code_is_needed_and_not_both() -> None:
    limen = Assembly()
    wrong: tuple[dict[str, Any], ...] = (
        {},
        {"identifier": "ada@example.org"},
        {"token": "t", "code": "c"},
        {"token": "t", "identifier": "ada@example.org"},
    )
    for given in wrong:
        with pytest.raises(InvalidInput):
            await limen.recovery.reset(new=NEW, **given)


async def test_no_more_than_five_mails_go_to_one_user_in_an_hour() -> None:
    limen, _ = await asked()
    for _ in range(6):
        await limen.recovery.forgot(identifier="ada@example.org")
    assert await limen.delivery.deliver() == {MessageState.SENT: 4, MessageState.DROPPED: 2}
    limen.clock.advance(timedelta(hours=1))
    await limen.recovery.forgot(identifier="ada@example.org")
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}
