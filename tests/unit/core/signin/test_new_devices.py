"""Whoever signs in from a device that was not seen before is told of it, once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.devices.model import MOST_KNOWN, KnownDevice, digest_of_mark, digest_of_pair
from limen.core.errors import InvalidCredentials, TooManyAttempts
from limen.core.secret import Secret
from limen.core.throttles.charging import unlock
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, tokens_of
from limen.testing.builders import a_user_id
from limen.testing.passkeys import Authenticator
from limen.testing.policies import Policies

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
HOME = Actor.anonymous(address="192.0.2.7", user_agent=FIREFOX)
AWAY = Actor.anonymous(address="198.51.100.9", user_agent=FIREFOX)
EMAIL = "ada@example.org"
NEW = "staple of the battery"


async def sign_in(limen: Assembly, actor: Actor) -> None:
    tokens_of(await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD, actor=actor))


async def by_cookie(limen: Assembly, actor: Actor) -> CookieSession:
    begun = await limen.sign_in.sign_in_by_cookie(identifier=EMAIL, password=PASSWORD, actor=actor)
    assert isinstance(begun, CookieSession)
    return begun


async def proved(limen: Assembly) -> None:
    """Register Ada and let her prove her address: mail goes nowhere else."""
    await limen.register()
    await limen.emails.send_verification(identifier=EMAIL)
    mail = await limen.read_mail()
    await limen.emails.verify(token=mail["link"].partition("#")[2], password=PASSWORD)


async def told(limen: Assembly) -> int:
    """Tell how often mail told Ada of a new device."""
    await limen.delivery.deliver()
    return [mail.subject for mail in limen.mail.to(EMAIL)].count("new_device")


async def known(limen: Assembly) -> tuple[KnownDevice, ...]:
    user = await limen.users.find(EMAIL, actor=OPERATOR)
    async with limen.unit_of_work.view() as view:
        return await view.devices.list(user.id)


async def test_the_first_sign_in_of_an_account_tells_nobody() -> None:
    limen = Assembly()
    await proved(limen)
    await sign_in(limen, HOME)
    assert await told(limen) == 0
    assert "device.new" not in await limen.event_names()


async def test_a_device_not_seen_before_is_told_once() -> None:
    limen = Assembly()
    await proved(limen)
    await sign_in(limen, HOME)
    for _ in range(3):
        await sign_in(limen, AWAY)
    assert await told(limen) == 1
    assert (await limen.event_names()).count("device.new") == 1
    mail = await limen.read_mail()
    assert mail["network"] == "198.51.100.9"
    assert mail["when"] == f"{limen.clock.now():%Y-%m-%d %H:%M} UTC"
    await sign_in(limen, HOME)
    assert await told(limen) == 1


@pytest.mark.parametrize(
    ("other", "is_new"),
    [
        (replace(HOME, user_agent=FIREFOX.replace("145", "146")), False),
        (replace(HOME, address="192.0.2.8"), True),
        (replace(HOME, user_agent="curl/8.14.1"), True),
        (Actor.anonymous(), True),
    ],
)
async def test_without_a_mark_network_and_user_agent_tell_a_device(
    other: Actor, *, is_new: bool
) -> None:
    limen = Assembly()
    await proved(limen)
    await sign_in(limen, HOME)
    await sign_in(limen, other)
    assert await told(limen) == is_new


async def test_of_ipv6_the_whole_network_is_one_place() -> None:
    limen = Assembly()
    await proved(limen)
    await sign_in(limen, replace(HOME, address="2001:db8::1"))
    await sign_in(limen, replace(HOME, address="2001:db8::2"))
    assert await told(limen) == 0


async def test_a_browser_is_known_by_its_mark_wherever_it_is() -> None:
    limen = Assembly()
    await proved(limen)
    begun = await by_cookie(limen, HOME)
    again = await by_cookie(limen, replace(AWAY, device=begun.device))
    assert again.device == begun.device
    assert await told(limen) == 0


async def test_a_mark_is_good_for_whoever_signed_in_with_it_alone() -> None:
    limen = Assembly()
    await limen.register("eve@example.org")
    eve = await limen.sign_in.sign_in_by_cookie(
        identifier="eve@example.org", password=PASSWORD, actor=AWAY
    )
    assert isinstance(eve, CookieSession)
    await proved(limen)
    await sign_in(limen, HOME)
    await by_cookie(limen, replace(AWAY, device=eve.device))
    assert await told(limen) == 1


async def test_the_mark_stays_when_a_cookie_takes_a_session_over() -> None:
    limen = Assembly()
    await proved(limen)
    tokens = tokens_of(await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD, actor=HOME))
    carried = await limen.cookie_sessions.exchange(refresh_token=tokens.refresh_token, actor=HOME)
    await sign_in(limen, replace(AWAY, device=carried.device))
    assert await told(limen) == 0


async def test_a_passkey_from_a_known_browser_tells_nobody() -> None:
    limen, key = Assembly(), Authenticator()
    await proved(limen)
    begun = await by_cookie(limen, HOME)
    me = Actor.anonymous().as_user(begun.user.id, begun.session.id)
    enrolling = await limen.passkeys.begin_enrolment(actor=me)
    await limen.passkeys.enrol(
        ceremony=enrolling.ceremony, answer=key.create(enrolling.options), actor=me
    )
    for actor, count in (
        (replace(AWAY, device=begun.device), 0),
        (replace(AWAY, address="::1"), 1),
    ):
        asked = await limen.passkey_sign_in.ask()
        await limen.passkey_sign_in.complete(
            ceremony=asked.ceremony, answer=key.get(asked.options), actor=actor
        )
        assert await told(limen) == count


@pytest.mark.parametrize("forged", ["", "limen_dm_", "limen_dm_" + "!" * 43, "a" * 52])
async def test_what_is_no_mark_is_replaced(forged: str) -> None:
    limen = Assembly()
    await proved(limen)
    begun = await by_cookie(limen, replace(HOME, device=Secret(forged)))
    assert begun.device is not None
    assert begun.device.reveal() != forged
    assert len(await known(limen)) == 2


async def test_the_event_is_told_where_mail_is_off() -> None:
    limen = Assembly(policies=Policies(sends_device_mail=False))
    await proved(limen)
    await sign_in(limen, HOME)
    await sign_in(limen, AWAY)
    assert await told(limen) == 0
    assert (await limen.event_names()).count("device.new") == 1


async def test_a_device_not_seen_for_long_is_forgotten() -> None:
    limen = Assembly()
    await proved(limen)
    await sign_in(limen, HOME)
    limen.clock.advance(timedelta(days=200))
    await sign_in(limen, AWAY)
    limen.clock.advance(timedelta(days=201))
    assert (await limen.maintenance.purge(actor=OPERATOR)).devices == 1
    await sign_in(limen, HOME)
    assert await told(limen) == 2


async def test_nobody_is_told_who_is_known_from_no_device_at_all() -> None:
    limen = Assembly()
    await proved(limen)
    await sign_in(limen, HOME)
    limen.clock.advance(timedelta(days=401))
    assert (await limen.maintenance.purge(actor=OPERATOR)).devices == 1
    await sign_in(limen, AWAY)
    assert await told(limen) == 0


async def test_a_thiefs_device_is_forgotten_with_the_password_they_had() -> None:
    for way in ("reset", "set", "change"):
        limen = Assembly()
        await proved(limen)
        user = await limen.users.find(EMAIL, actor=OPERATOR)
        mine = await by_cookie(limen, HOME)
        thief = await by_cookie(limen, AWAY)
        if way == "reset":
            await limen.recovery.forgot(identifier=EMAIL, actor=HOME)
            mail = await limen.read_mail()
            token = mail["link"].partition("#")[2]
            await limen.recovery.reset(token=token, new=NEW, actor=HOME)
        elif way == "set":
            await limen.passwords.set(user.id, new=NEW, actor=OPERATOR)
            await limen.sign_in.sign_in(identifier=EMAIL, password=NEW, actor=HOME)
        else:
            me = HOME.as_user(user.id, mine.session.id)
            await limen.passwords.change(current=PASSWORD, new=NEW, actor=me)
        before = (await limen.event_names()).count("device.new")
        await limen.sign_in.sign_in(identifier=EMAIL, password=NEW, actor=HOME)
        assert (await limen.event_names()).count("device.new") == before, way
        marked = replace(AWAY, device=thief.device)
        await limen.sign_in.sign_in(identifier=EMAIL, password=NEW, actor=marked)
        assert (await limen.event_names()).count("device.new") == before + 1, way


async def test_mail_of_new_devices_does_not_bury_other_mail() -> None:
    limen = Assembly()
    await proved(limen)
    for number in range(9):
        await sign_in(limen, replace(HOME, user_agent=f"agent {chr(97 + number)}"))
    assert await told(limen) == 5
    assert (await limen.event_names()).count("device.new") == 8


async def test_a_session_that_is_not_fresh_makes_no_browser_known() -> None:
    limen = Assembly()
    await proved(limen)
    outcome = await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD, actor=HOME)
    limen.clock.advance(timedelta(minutes=10))
    token = tokens_of(outcome).refresh_token
    await limen.cookie_sessions.exchange(refresh_token=token, actor=AWAY)
    assert len(await known(limen)) == 1


def test_two_people_at_one_browser_are_not_tied_to_each_other() -> None:
    ada, eve, raw = a_user_id(), a_user_id(), b"m" * 32
    assert digest_of_mark(ada, raw) != digest_of_mark(eve, raw)
    pairs = {digest_of_pair(user, "192.0.2.7", FIREFOX) for user in (ada, eve)}
    assert len(pairs) == 2


async def test_whoever_proves_it_otherwise_need_not_wait_in_a_browser_they_are_known_in() -> None:
    limen = Assembly()
    await limen.register()
    user = await limen.users.find(EMAIL, actor=OPERATOR)
    owner = replace(AWAY, device=(await by_cookie(limen, HOME)).device)
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(identifier=EMAIL, password="wrong", actor=owner)
    with pytest.raises(TooManyAttempts):
        await by_cookie(limen, owner)
    async with limen.unit_of_work() as uow:
        await unlock(uow, user.id, owner)
        await uow.commit()
    await by_cookie(limen, owner)


async def test_devices_go_with_their_user_and_no_event_holds_a_mark() -> None:
    limen = Assembly()
    await proved(limen)
    begun = await by_cookie(limen, HOME)
    assert begun.device is not None
    await by_cookie(limen, replace(AWAY, device=begun.device))
    async with limen.unit_of_work.view() as view:
        events = await view.outbox.list(limit=1000)
    assert all(event.actor.device is None for event in events)
    user = await limen.users.find(EMAIL, actor=OPERATOR)
    await limen.users.delete(user.id, actor=OPERATOR)
    async with limen.unit_of_work.view() as view:
        assert await view.devices.list(user.id) == ()


async def test_strangers_do_not_keep_a_browser_out_that_its_owner_has_signed_in_with() -> None:
    limen = Assembly()
    await limen.register()
    begun = await by_cookie(limen, HOME)
    owner = replace(AWAY, device=begun.device)
    await limen.sessions.revoke_all(
        (await limen.users.find(EMAIL, actor=OPERATOR)).id, actor=OPERATOR
    )
    stranger = Actor.anonymous(address="203.0.113.5", device=Secret("limen_dm_" + "A" * 43))
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(identifier=EMAIL, password="wrong", actor=stranger)
    for locked in (stranger, AWAY, replace(owner, device=Secret("limen_dm_no mark"))):
        with pytest.raises(TooManyAttempts):
            await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD, actor=locked)
    await by_cookie(limen, owner)


async def test_a_known_browser_has_no_more_attempts_than_anybody() -> None:
    limen = Assembly()
    await limen.register()
    owner = replace(AWAY, device=(await by_cookie(limen, HOME)).device)
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(identifier=EMAIL, password="wrong", actor=owner)
    with pytest.raises(TooManyAttempts):
        await by_cookie(limen, owner)
    await sign_in(limen, replace(AWAY, address="203.0.113.5"))


async def test_an_account_that_falls_to_its_owner_knows_no_device_of_its_maker() -> None:
    limen = Assembly()
    await limen.register()
    await by_cookie(limen, HOME)
    await limen.emails.send_verification(identifier=EMAIL, actor=AWAY)
    mail = await limen.read_mail()
    await limen.emails.verify(token=mail["link"].partition("#")[2], actor=AWAY)
    assert await known(limen) == ()


async def test_the_devices_seen_longest_ago_make_room_for_others() -> None:
    limen = Assembly()
    await proved(limen)
    for n in range(MOST_KNOWN + 1):
        limen.clock.advance(timedelta(minutes=1))
        await sign_in(limen, replace(HOME, address=f"10.0.{n // 256}.{n % 256}"))
    user_id = (await limen.users.find(EMAIL, actor=OPERATOR)).id
    digests = [
        digest_of_pair(user_id, address, FIREFOX)
        for address in ("10.0.0.0", "10.0.0.1", f"10.0.{MOST_KNOWN // 256}.{MOST_KNOWN % 256}")
    ]
    async with limen.unit_of_work.view() as view:
        found = [await view.devices.find(user_id, digest) is not None for digest in digests]
    assert found == [False, True, True]
