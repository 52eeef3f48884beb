"""Whoever tries many accounts from one network is told of, once in a while."""

from dataclasses import replace
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.errors import HashingBusy, InvalidCredentials, LimenError, ProofInvalid
from limen.core.imports.model import AccountRow
from limen.core.meter import Meter
from limen.core.throttles.model import Throttle, ThrottlePolicy
from limen.core.throttles.stuffing import Tried, note_failure
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, in_memory
from limen.testing.fakes import NOON
from limen.testing.policies import Policies

EVENT = "signin.stuffing_suspected"
HOME, ELSEWHERE = "203.0.113.1", "203.0.113.2"
FEW = Policies(throttle=ThrottlePolicy(many_accounts=3))


async def fail(limen: Assembly, who: str, address: str | None = HOME) -> None:
    with pytest.raises((InvalidCredentials, HashingBusy)):
        await limen.sign_in.sign_in(
            identifier=who, password="a wrong one", actor=Actor.anonymous(address=address)
        )


async def suspicions(limen: Assembly) -> int:
    return (await limen.event_names()).count(EVENT)


@pytest.fixture
def limen() -> Assembly:
    return in_memory(policies=FEW)


async def test_many_accounts_from_one_network_are_told_of_with_the_window(limen: Assembly) -> None:
    limen.clock.advance(timedelta(minutes=4))
    for who in ("ada", "eve"):
        await fail(limen, who)
    assert await suspicions(limen) == 0
    await fail(limen, "zoe")
    event = await limen.last_event()
    now = limen.clock.now()
    begun = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    assert (event.name, event.user_id, event.actor.address) == (EVENT, None, HOME)
    assert event.payload == {
        "network": HOME,
        "accounts": 3,
        "since": begun.isoformat(),
        "until": (begun + timedelta(minutes=15)).isoformat(),
    }


async def test_a_code_before_each_password_hides_nobody(limen: Assembly) -> None:
    for who in ("ada", "eve", "zoe"):
        with pytest.raises(ProofInvalid):
            await limen.links.complete(
                browser="x", identifier=who, code="BCDF-GHJK", actor=Actor.anonymous(address=HOME)
            )
        await fail(limen, who)
    assert await suspicions(limen) == 1


@pytest.mark.parametrize(("is_out", "told"), [(True, 0), (False, 1)])
async def test_an_outage_of_the_former_system_is_no_stuffing(
    limen: Assembly, is_out: bool, told: int
) -> None:
    people = ("ada", "eve", "zoe")
    rows = [
        AccountRow(line=n, email=f"{who}@example.org", password_hash=f"$former${who}")
        for n, who in enumerate(people, start=1)
    ]
    assert (await limen.imports.add(rows, actor=OPERATOR)).added == 3
    limen.former.is_out = is_out
    for who in people:
        await fail(limen, f"{who}@example.org")
    assert limen.former.asked == list(people)
    assert await suspicions(limen) == told


async def test_it_is_told_once_in_each_window(limen: Assembly) -> None:
    for number in range(9):
        await fail(limen, f"user{number}")
    assert await suspicions(limen) == 1
    limen.clock.advance(timedelta(minutes=15))
    for number in range(9):
        await fail(limen, f"user{number}")
    assert await suspicions(limen) == 2


async def test_one_account_is_counted_once_however_often_it_is_tried(limen: Assembly) -> None:
    for _ in range(5):
        await fail(limen, "ada")
    await fail(limen, "eve")
    assert await suspicions(limen) == 0


async def test_both_names_of_one_account_are_one(limen: Assembly) -> None:
    await limen.users.register(email="ada@example.org", username="ada", password=PASSWORD)
    for who in ("ada", "ada@example.org", "eve"):
        await fail(limen, who)
    assert await suspicions(limen) == 0
    await fail(limen, "zoe")
    assert await suspicions(limen) == 1


async def test_each_network_is_counted_apart_and_ipv6_by_its_64(limen: Assembly) -> None:
    for number, address in enumerate((HOME, HOME, ELSEWHERE, ELSEWHERE, None, None, None)):
        await fail(limen, f"user{number}", address)
    assert await suspicions(limen) == 0
    for number in range(3):
        await fail(limen, f"other{number}", f"2001:db8::{number}")
    event = await limen.last_event()
    assert (event.name, event.payload["network"]) == (EVENT, "2001:db8::/64")


async def test_people_who_come_in_are_no_suspicion(limen: Assembly) -> None:
    for name in ("ada", "eve", "zoe", "bob"):
        await limen.register(f"{name}@example.org")
        await limen.sign_in.sign_in(
            identifier=f"{name}@example.org",
            password=PASSWORD,
            actor=Actor.anonymous(address=HOME),
        )
    assert await suspicions(limen) == 0


async def test_what_nobody_could_judge_is_no_suspicion(limen: Assembly) -> None:
    limen.hasher.is_busy = True
    for number in range(5):
        await fail(limen, f"user{number}")
    assert await suspicions(limen) == 0


async def test_right_passwords_of_accounts_that_are_shut_out_count_too(limen: Assembly) -> None:
    for number in range(3):
        user = await limen.register(f"user{number}@example.org")
        await limen.users.suspend(user.id, actor=OPERATOR)
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(
                identifier=f"user{number}@example.org",
                password=PASSWORD,
                actor=Actor.anonymous(address=HOME),
            )
    assert await suspicions(limen) == 1


async def test_a_network_that_may_fail_seldom_is_suspected_before_it_must_wait() -> None:
    limen = in_memory(policies=Policies(throttle=ThrottlePolicy(per_address=2)))
    for who in ("ada", "eve"):
        await fail(limen, who)
    assert await suspicions(limen) == 1


async def test_the_caller_has_it_noted_and_is_told_nothing(limen: Assembly) -> None:
    refusals = []
    for who in ("ada", "eve", "zoe"):
        meter = Meter()
        try:
            await limen.sign_in.sign_in(
                identifier=who,
                password="a wrong one",
                actor=replace(Actor.anonymous(address=HOME), meter=meter),
            )
        except LimenError as refusal:
            refusals.append((refusal.code, refusal.message, meter.suspicions))
    assert [suspicious for *_, suspicious in refusals] == [0, 0, 1]
    assert len({tuple(rest) for *rest, _ in refusals}) == 1


async def test_what_is_judged_when_the_next_window_has_begun_changes_nothing_there(
    limen: Assembly,
) -> None:
    window, by = FEW.throttle.window, Actor.anonymous(address=HOME)
    late = Tried.at(Throttle(key="k", since=NOON, last_at=NOON), window, NOON)
    limen.clock.advance(window)
    for who in ("ada", "eve"):
        await fail(limen, who)
    async with limen.unit_of_work() as uow:
        await note_failure(uow, late, by, FEW.throttle, limen.clock.now())
        await uow.commit()
    assert await suspicions(limen) == 0
    await fail(limen, "zoe")
    assert await suspicions(limen) == 1
