"""One count for all that guesses at an account, what tells of it, and how mail ends the wait."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import pytest

from limen.core.actor import Actor
from limen.core.errors import InvalidCredentials, ProofInvalid, TooManyAttempts
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly

ELSEWHERE: Final = Actor.anonymous(address="198.51.100.1")
ANYWHERE: Final = Actor.anonymous(address="203.0.113.1")
LOCKED = "sign_in_locked"
_FREE: Final = 5
_UNTIL_TOLD: Final = 12


async def ada() -> Assembly:
    limen = Assembly()
    user = await limen.register()
    await limen.assistance.verify_email(user.id, actor=OPERATOR)
    return limen


async def by_password(
    limen: Assembly,
    text: str = "wrong",
    name: str = "ada@example.org",
    actor: Actor = ELSEWHERE,
) -> None:
    await limen.sign_in.sign_in(identifier=name, password=text, actor=actor)


async def by_reset_code(limen: Assembly) -> None:
    await limen.recovery.reset(
        identifier="ada@example.org", code="BCDF-GHJK", new="staple of it all", actor=ELSEWHERE
    )


async def by_link_code(limen: Assembly) -> None:
    await limen.links.complete(
        identifier="ada@example.org",
        code="BCDF-GHJK",
        browser=Secret("another"),
        actor=ELSEWHERE,
    )


async def by_email_code(limen: Assembly) -> None:
    await limen.emails.verify(identifier="ada@example.org", code="BCDF-GHJK", actor=ELSEWHERE)


Guess = Callable[[Assembly], Awaitable[None]]
GUESSES: Final[tuple[Guess, ...]] = (by_password, by_reset_code, by_link_code, by_email_code)


async def guess(limen: Assembly, way: Guess) -> None:
    with pytest.raises((InvalidCredentials, ProofInvalid)):
        await way(limen)


async def lock(limen: Assembly, name: str = "ada@example.org") -> None:
    """Guess until a wait of a minute and more begins, waiting as one must."""
    for _ in range(_UNTIL_TOLD):
        with pytest.raises(InvalidCredentials):
            await by_password(limen, name=name)
        if (await limen.last_event()).name != "signin.throttled":
            limen.clock.advance(timedelta(minutes=1))
    with pytest.raises(TooManyAttempts):
        await by_password(limen, PASSWORD, name)


def told(limen: Assembly) -> int:
    return [mail.subject for mail in limen.mail.to("ada@example.org")].count(LOCKED)


@pytest.mark.parametrize("last", GUESSES)
async def test_passwords_and_codes_of_all_kinds_share_one_count(last: Guess) -> None:
    limen = await ada()
    for attempt in range(_FREE + 1):
        await guess(limen, GUESSES[attempt % len(GUESSES)])
    with pytest.raises(TooManyAttempts):
        await last(limen)


async def test_the_owner_is_told_that_attempts_have_to_wait() -> None:
    limen = await ada()
    await lock(limen)
    await limen.delivery.deliver()
    assert told(limen) == 1


async def test_once_a_day_at_most() -> None:
    limen = await ada()
    await lock(limen)
    for hours in (1, 1, 24):
        limen.clock.advance(timedelta(hours=hours))
        await guess(limen, by_password)
        await limen.delivery.deliver()
    assert told(limen) == 2


async def test_only_who_proved_the_address_is_told() -> None:
    limen = Assembly()
    await limen.register()
    await lock(limen)
    await limen.delivery.deliver()
    assert told(limen) == 0


async def test_as_much_is_stored_for_nobody_and_goes_nowhere() -> None:
    limen = await ada()
    await lock(limen, "nobody@example.org")
    async with limen.unit_of_work.view() as view:
        events = await view.outbox.list(limit=10_000)
    assert events[-1].user_id is None
    await limen.delivery.deliver()
    assert [mail.subject for mail in limen.mail.mails] == []


async def by_link(limen: Assembly) -> None:
    browser = await limen.links.ask(identifier="ada@example.org", actor=ELSEWHERE)
    token = (await limen.read_mail())["link"].partition("#")[2]
    await limen.links.complete(token=token, browser=browser, actor=ELSEWHERE)


async def by_reset(limen: Assembly) -> None:
    await limen.recovery.forgot(identifier="ada@example.org", actor=ELSEWHERE)
    token = (await limen.read_mail())["link"].partition("#")[2]
    await limen.recovery.reset(token=token, new="correct horse batteries", actor=ELSEWHERE)
    with pytest.raises(InvalidCredentials):
        await by_password(limen)
    await limen.recovery.forgot(identifier="ada@example.org", actor=ELSEWHERE)
    token = (await limen.read_mail())["link"].partition("#")[2]
    await limen.recovery.reset(token=token, new=PASSWORD, actor=ELSEWHERE)


@pytest.mark.parametrize("actor", [ELSEWHERE, ANYWHERE])
@pytest.mark.parametrize("way", [by_link, by_reset])
async def test_who_proves_the_address_need_not_wait_any_more(
    way: Callable[[Assembly], Awaitable[None]], actor: Actor
) -> None:
    limen = await ada()
    await lock(limen)
    await way(limen)
    await by_password(limen, PASSWORD, actor=actor)
