"""Who asks for a link or code takes nothing from whoever asked from elsewhere."""

import pytest

from limen.core.actor import Actor
from limen.core.errors import ProofInvalid, TooManyAttempts
from limen.core.users.model import User
from limen.testing.assembly import PASSWORD, Assembly, acting, in_memory, tokens_of

ADA = "ada@example.org"
HOME = Actor.anonymous(address="198.51.100.1")
NEIGHBOUR = Actor.anonymous(address="2001:db8::1")
SAME_HOUSE = Actor.anonymous(address="2001:db8::2:2")
STRANGER = Actor.anonymous(address="203.0.113.1")
NEW = "another horse battery"
WRONG = "BCDF-GHJK"


def token_of(mail: dict[str, str]) -> str:
    return mail["link"].partition("#")[2]


async def forgot(limen: Assembly, actor: Actor | None) -> dict[str, str]:
    await limen.recovery.forgot(identifier=ADA, actor=actor)
    return await limen.read_mail()


async def with_ada() -> tuple[Assembly, User]:
    limen = in_memory()
    ada = await limen.register()
    token = token_of(await limen.read_mail())
    await limen.emails.verify(token=token, password=PASSWORD)
    return limen, ada


async def test_the_link_of_the_owner_outlives_those_that_strangers_ask_for() -> None:
    limen, ada = await with_ada()
    mail = await forgot(limen, HOME)
    await forgot(limen, STRANGER)
    await forgot(limen, NEIGHBOUR)
    # It may be opened anywhere: mail is often read on another device.
    user = await limen.recovery.reset(token=token_of(mail), new=NEW, actor=NEIGHBOUR)
    assert user.id == ada.id


async def test_one_link_that_is_used_ends_all_others() -> None:
    limen, _ = await with_ada()
    mails = [await forgot(limen, actor) for actor in (HOME, STRANGER, NEIGHBOUR, None)]
    await limen.recovery.reset(token=token_of(mails[1]), new=NEW)
    for mail in mails:
        with pytest.raises(ProofInvalid):
            await limen.recovery.reset(token=token_of(mail), new="yet another horse")


async def test_another_one_from_the_same_network_takes_the_place_of_the_first() -> None:
    limen, _ = await with_ada()
    first, second = await forgot(limen, NEIGHBOUR), await forgot(limen, SAME_HOUSE)
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(token=token_of(first), new=NEW, actor=NEIGHBOUR)
    await limen.recovery.reset(token=token_of(second), new=NEW, actor=NEIGHBOUR)


async def test_a_code_is_good_in_the_network_that_asked() -> None:
    limen, _ = await with_ada()
    code = (await forgot(limen, NEIGHBOUR))["code"]
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier=ADA, code=code, new=NEW, actor=HOME)
    await limen.recovery.reset(identifier=ADA, code=code, new=NEW, actor=SAME_HOUSE)


async def test_strangers_use_up_no_tries_of_the_owners_code() -> None:
    limen, _ = await with_ada()
    tokens = tokens_of(await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, actor=HOME))
    assert tokens.user.email.address == ADA
    code = (await forgot(limen, HOME))["code"]
    await forgot(limen, STRANGER)
    for _ in range(9):
        with pytest.raises((ProofInvalid, TooManyAttempts)):
            await limen.recovery.reset(identifier=ADA, code=WRONG, new=NEW, actor=STRANGER)
    await limen.recovery.reset(identifier=ADA, code=code, new=NEW, actor=HOME)


async def test_the_tries_of_one_network_are_still_bounded_and_not_renewed() -> None:
    limen, _ = await with_ada()
    await forgot(limen, STRANGER)
    for _ in range(4):
        with pytest.raises(ProofInvalid):
            await limen.recovery.reset(identifier=ADA, code=WRONG, new=NEW, actor=STRANGER)
    code = (await forgot(limen, STRANGER))["code"]
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier=ADA, code=WRONG, new=NEW, actor=STRANGER)
    limen.clock.advance(limen.policies.throttle.longest_wait)
    with pytest.raises(ProofInvalid):
        await limen.recovery.reset(identifier=ADA, code=code, new=NEW, actor=STRANGER)


async def test_what_nobody_asked_for_from_a_network_is_good_anywhere() -> None:
    limen = in_memory()
    await limen.register()
    code = (await limen.read_mail())["code"]
    verified = await limen.emails.verify(
        identifier=ADA, code=code, password=PASSWORD, actor=STRANGER
    )
    assert verified.user.email_verified_at is not None


async def test_verification_has_one_for_each_network_as_well() -> None:
    limen = in_memory()
    await limen.register()
    await limen.delivery.deliver()
    tokens = await limen.enter()
    await limen.emails.send_verification(identifier=ADA, actor=HOME)
    mail = await limen.read_mail()
    await limen.emails.send_verification(identifier=ADA, actor=STRANGER)
    await limen.delivery.deliver()
    verified = await limen.emails.verify(token=token_of(mail), actor=acting(tokens))
    assert verified.user.email_verified_at is not None
