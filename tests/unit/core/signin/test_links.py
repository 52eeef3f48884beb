"""Signing in by mail."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import EmailTaken, InvalidCredentials, ProofInvalid, TooManyAttempts
from limen.core.messages.model import MessageState
from limen.core.secret import Secret
from limen.core.users.model import Status, UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting, in_memory, tokens_of
from limen.testing.policies import Policies

ADA = "ada@example.org"
HOME = Actor.anonymous(address="198.51.100.1")
STRANGER = Actor.anonymous(address="203.0.113.1")


def token_of(mail: dict[str, str]) -> str:
    return mail["link"].partition("#")[2]


async def asked() -> tuple[Assembly, Secret[str], dict[str, str]]:
    """Ada, whose address is proved, asked for a link in her browser."""
    limen = Assembly()
    await limen.register()
    tokens = await limen.enter()
    await limen.emails.verify(token=token_of(await limen.read_mail()), actor=acting(tokens))
    browser = await limen.links.ask(identifier=ADA)
    return limen, browser, await limen.read_mail()


async def test_a_link_lets_in_the_browser_that_asked() -> None:
    limen, browser, mail = await asked()
    tokens = tokens_of(
        await limen.links.complete(browser=browser, token=token_of(mail), label="Laptop")
    )
    claims = await limen.tokens.authenticate(tokens.access_token)
    assert claims.methods == ("otp",)
    session = (await limen.sessions.list(tokens.user.id, actor=acting(tokens)))[0]
    assert (session.id, session.label) == (tokens.session_id, "Laptop")
    assert tokens.user.last_sign_in_at == limen.clock.now()
    assert await limen.remembered.list(tokens.user.id, actor=OPERATOR) == ()
    await limen.tokens.refresh(refresh_token=tokens.refresh_token)


async def test_so_does_a_code() -> None:
    limen, browser, mail = await asked()
    tokens = tokens_of(
        await limen.links.complete(browser=browser, identifier=ADA, code=mail["code"])
    )
    session = (await limen.sessions.list(tokens.user.id, actor=acting(tokens)))[0]
    assert (session.id, session.label) == (tokens.session_id, "")


async def test_that_somebody_asked_is_told_but_not_about_whom() -> None:
    limen = Assembly()
    await limen.register()
    now = limen.clock.advance(timedelta(minutes=1))
    await limen.links.ask(identifier=ADA, actor=HOME)
    event = await limen.last_event()
    assert (event.name, event.at, event.actor) == ("signin.link_requested", now, HOME)
    assert (event.user_id, event.payload) == (None, {})


async def test_from_one_address_so_much_mail_is_asked_for_and_no_more() -> None:
    limen = Assembly()
    for number in range(30):
        await limen.links.ask(identifier=f"{number}@example.org", actor=HOME)
    with pytest.raises(TooManyAttempts):
        await limen.links.ask(identifier=ADA, actor=HOME)
    await limen.links.ask(identifier=ADA, actor=STRANGER)


async def test_a_stolen_link_is_of_no_use_and_stays_good_for_who_asked() -> None:
    limen, browser, mail = await asked()
    others = await limen.links.ask(identifier="eve@example.org")
    for wrong in (others, Secret(""), Secret("x" * 43), Secret("\ud800")):
        with pytest.raises(ProofInvalid):
            await limen.links.complete(browser=wrong, token=token_of(mail))
    await limen.links.complete(browser=browser, token=token_of(mail))


async def test_codes_from_another_browser_cost_nobody_a_try() -> None:
    limen, browser, mail = await asked()
    other = await limen.links.ask(identifier="eve@example.org")
    for _ in range(5):
        with pytest.raises(ProofInvalid):
            await limen.links.complete(browser=other, identifier=ADA, code="BCDF-GHJK")
    limen.clock.advance(timedelta(minutes=1))
    await limen.links.complete(browser=browser, identifier=ADA, code=mail["code"])


async def test_a_link_or_code_lets_in_once() -> None:
    limen, browser, mail = await asked()
    await limen.links.complete(browser=browser, token=token_of(mail))
    with pytest.raises(ProofInvalid):
        await limen.links.complete(browser=browser, token=token_of(mail))
    with pytest.raises(ProofInvalid):
        await limen.links.complete(browser=browser, identifier=ADA, code=mail["code"])


async def test_a_link_is_over_after_ten_minutes() -> None:
    limen, browser, mail = await asked()
    limen.clock.advance(timedelta(minutes=10))
    with pytest.raises(ProofInvalid):
        await limen.links.complete(browser=browser, token=token_of(mail))


async def test_each_browser_that_asked_has_a_link_of_its_own() -> None:
    limen, browser, mail = await asked()
    other = await limen.links.ask(identifier=ADA)
    later = await limen.read_mail()
    for secret, link in ((browser, later), (other, mail)):
        with pytest.raises(ProofInvalid):
            await limen.links.complete(browser=secret, token=token_of(link))
    await limen.links.complete(browser=browser, token=token_of(mail))
    await limen.links.complete(browser=other, identifier=ADA, code=later["code"])


async def test_strangers_who_ask_take_nobodys_link_away_and_nobodys_mail() -> None:
    limen = Assembly()
    ada = await limen.register()
    for _ in range(8):
        await limen.links.ask(identifier=ADA, actor=STRANGER)
    await limen.delivery.deliver()
    assert len(limen.mail.to(ADA)) == 1 + 5
    browser = await limen.links.ask(identifier=ADA, actor=HOME)
    link = token_of(await limen.read_mail())
    for _ in range(8):
        await limen.links.ask(identifier=ADA, actor=STRANGER)
    await limen.delivery.deliver()
    tokens = tokens_of(await limen.links.complete(browser=browser, token=link, actor=HOME))
    assert tokens.user.id == ada.id


async def test_where_somebody_is_signed_in_strangers_from_everywhere_take_nothing() -> None:
    limen, _, _ = await asked()
    limen.clock.advance(timedelta(days=1))
    limen.mail.mails.clear()
    await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=HOME)
    for number in range(30):
        await limen.links.ask(identifier=ADA, actor=Actor.anonymous(address=f"192.0.2.{number}"))
    await limen.delivery.deliver()
    told = [mail.subject for mail in limen.mail.to(ADA)]
    before = len(told)
    assert told.count("sign_in") == 20
    await limen.links.ask(identifier=ADA, actor=HOME)
    await limen.delivery.deliver()
    assert len(limen.mail.to(ADA)) == before + 1


async def test_an_address_that_nobody_proved_is_nobodys_home() -> None:
    limen = Assembly()
    await limen.register()
    for number in range(10):
        eve = Actor.anonymous(address=f"192.0.2.{number}")
        await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=eve)
        for _ in range(5):
            await limen.emails.send_verification(identifier=ADA, actor=eve)
    await limen.delivery.deliver()
    assert len(limen.mail.to(ADA)) == 20


async def test_nor_is_an_address_that_somebody_only_wants() -> None:
    limen = Assembly()
    await limen.register("eve@example.org")
    token = token_of(await limen.read_mail("eve@example.org"))
    await limen.emails.verify(token=token, password=PASSWORD)
    for number in range(10):
        there = Actor.anonymous(address=f"192.0.2.{number}")
        tokens = tokens_of(
            await limen.sign_in.sign_in(
                identifier="eve@example.org", password=PASSWORD, actor=there
            )
        )
        eve = there.as_user(tokens.user.id, tokens.session_id)
        for _ in range(5):
            await limen.emails.request_change(new_email=ADA, actor=eve)
    await limen.delivery.deliver()
    assert len(limen.mail.to(ADA)) == 20


async def test_to_one_address_go_twenty_mails_an_hour_and_fifty_a_day() -> None:
    limen = Assembly()
    await limen.register()
    for _ in range(4):
        for number in range(15):
            stranger = Actor.anonymous(address=f"192.0.2.{number}")
            await limen.links.ask(identifier=ADA, actor=stranger)
            await limen.recovery.forgot(identifier=ADA, actor=stranger)
        await limen.delivery.deliver()
        limen.clock.advance(timedelta(hours=1))
    assert len(limen.mail.to(ADA)) == 50
    limen.clock.advance(timedelta(hours=20))
    await limen.links.ask(identifier=ADA, actor=HOME)
    await limen.delivery.deliver()
    assert len(limen.mail.to(ADA)) == 51


async def ask_for_everything(limen: Assembly, who: Actor) -> None:
    """Have as much mail sent to Ada as one network may ask for in a quarter of an hour."""
    for _ in range(10):
        await limen.links.ask(identifier=ADA, actor=who)
        await limen.recovery.forgot(identifier=ADA, actor=who)
        await limen.emails.send_verification(identifier=ADA, actor=who)
    for _ in range(30):
        with suppress(EmailTaken, TooManyAttempts):
            await limen.users.register(email=ADA, password=PASSWORD, actor=who)
    await limen.delivery.deliver()


@pytest.mark.parametrize("hours", [1, 23])
@pytest.mark.parametrize("is_proved", [False, True])
@pytest.mark.parametrize("hides", [False, True])
async def test_one_network_uses_up_a_part_of_somebodys_mail(
    *, hides: bool, is_proved: bool, hours: int
) -> None:
    """Whether it asks for everything once, or once an hour for a day."""
    users = UserPolicy(allows_unverified_sign_in=not hides)
    limen = in_memory(policies=Policies(users=users))
    await limen.register()
    if is_proved:
        link = token_of(await limen.read_mail())
        await limen.emails.verify(token=link, password=PASSWORD)
    for _ in range(hours):
        limen.clock.advance(timedelta(hours=1))
        await ask_for_everything(limen, STRANGER)
    before = len(limen.mail.to(ADA))
    await limen.links.ask(identifier=ADA, actor=HOME)
    await limen.delivery.deliver()
    assert len(limen.mail.to(ADA)) == before + 1


async def test_codes_that_strangers_try_keep_nobody_out_where_they_are_signed_in() -> None:
    limen = Assembly()
    await limen.register()
    await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=HOME)
    browser = await limen.links.ask(identifier=ADA, actor=STRANGER)
    await limen.delivery.deliver()
    for wrong in (ProofInvalid,) * 6 + (TooManyAttempts,):
        with pytest.raises(wrong):
            await limen.links.complete(
                browser=browser, identifier=ADA, code="BCDF-GHJK", actor=STRANGER
            )
    fresh = await limen.links.ask(identifier=ADA, actor=HOME)
    code = (await limen.read_mail())["code"]
    await limen.links.complete(browser=fresh, identifier=ADA, code=code, actor=HOME)


async def test_nobody_is_sent_anything_and_asking_looks_the_same() -> None:
    limen, _, _ = await asked()
    unknown = await limen.links.ask(identifier="nobody@example.org")
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 1}
    assert len(unknown.reveal()) == 43
    with pytest.raises(ProofInvalid):
        await limen.links.complete(
            browser=unknown, identifier="nobody@example.org", code="BCDF-GHJK"
        )


async def test_who_is_shut_out_stays_out() -> None:
    limen, browser, mail = await asked()
    ada = await limen.users.find(ADA, actor=OPERATOR)
    await limen.users.suspend(ada.id, actor=OPERATOR)
    with pytest.raises(ProofInvalid):
        await limen.links.complete(browser=browser, token=token_of(mail))
    assert await limen.sessions.list(ada.id, actor=OPERATOR) == ()


async def test_nor_comes_in_whoever_is_not_let_in_yet_and_why_is_told() -> None:
    limen, browser, mail = await asked()
    ada = await limen.users.find(ADA, actor=OPERATOR)
    async with limen.unit_of_work() as uow:
        await uow.users.lock(ada.id)
        await uow.users.save(replace(ada, status=Status.PENDING, version=ada.version + 1))
        await uow.commit()
    with pytest.raises(ProofInvalid):
        await limen.links.complete(browser=browser, token=token_of(mail), actor=HOME)
    event = await limen.last_event()
    assert (event.name, event.user_id, event.actor) == ("signin.failed", ada.id, HOME)
    assert event.at == limen.clock.now()
    assert event.payload == {"reason": "pending"}


async def test_a_changed_password_voids_a_link() -> None:
    limen, browser, mail = await asked()
    ada = await limen.users.find(ADA, actor=OPERATOR)
    await limen.passwords.set(ada.id, new="staple of the battery", actor=OPERATOR)
    with pytest.raises(ProofInvalid):
        await limen.links.complete(browser=browser, token=token_of(mail))


async def test_an_account_that_was_never_proved_is_taken_over_by_who_reads_its_mail() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.enter()
    browser = await limen.links.ask(identifier=ADA)
    tokens = tokens_of(
        await limen.links.complete(browser=browser, token=token_of(await limen.read_mail()))
    )
    assert tokens.user.email_verified_at == limen.clock.now()
    live = await limen.sessions.list(ada.id, actor=OPERATOR)
    assert [session.id for session in live] == [tokens.session_id]
    with pytest.raises(InvalidCredentials):
        await limen.enter()


async def test_codes_count_against_the_account_like_passwords() -> None:
    limen, browser, _ = await asked()
    for _ in range(6):
        with pytest.raises(ProofInvalid):
            await limen.links.complete(browser=browser, identifier=ADA, code="BCDF-GHJK")
    with pytest.raises(TooManyAttempts):
        await limen.links.complete(browser=browser, identifier=ADA, code="BCDF-GHJK")
    with pytest.raises(TooManyAttempts):
        await limen.enter()
