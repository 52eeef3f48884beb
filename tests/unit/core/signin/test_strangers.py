"""What somebody learns who tries names, registers them, and tries them again: nothing.

Each attack is the same sequence against a name that somebody has and against one that is free,
where registering tells nothing; both must be answered alike, step by step.
"""

from collections.abc import Awaitable, Callable

import pytest

from limen.core.actor import Actor
from limen.core.errors import LimenError
from limen.core.throttles.model import Throttle, account_key, of_stranger, of_user
from limen.core.users.model import UserPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, in_memory
from limen.testing.policies import Policies

ADA, FREE = "ada@example.org", "free@example.org"
CAUTIOUS = Policies(users=UserPolicy(allows_unverified_sign_in=False))
EVE = Actor.anonymous(address="203.0.113.66")

Seen = list[tuple[str, float | None]]
Attack = Callable[[Assembly, str, Seen], Awaitable[None]]


async def seen_by(attack: Attack, victim: str) -> Seen:
    """Let Ada have a proved account, and the attacker go on about `victim`."""
    limen = in_memory(policies=CAUTIOUS)
    await limen.register(ADA)
    token = (await limen.read_mail())["link"].partition("#")[2]
    await limen.emails.verify(token=token, password=PASSWORD)
    seen: Seen = []
    await attack(limen, victim, seen)
    return seen


async def hear(seen: Seen, asked: Awaitable[object]) -> None:
    try:
        await asked
    except LimenError as refusal:
        seen.append((refusal.code, refusal.retry_after))
    else:
        seen.append(("fine", None))


async def guess(limen: Assembly, who: str, seen: Seen) -> None:
    await hear(
        seen,
        limen.sign_in.sign_in(identifier=who, password="a wrong one", actor=EVE),
    )


async def guess_code(limen: Assembly, who: str, seen: Seen) -> None:
    await hear(seen, limen.emails.verify(identifier=who, code="BCDF-GHJK", actor=EVE))


async def take(limen: Assembly, who: str, seen: Seen) -> None:
    await hear(seen, limen.users.register(email=who, password="eves own password", actor=EVE))


async def fail_then_register(limen: Assembly, who: str, seen: Seen) -> None:
    for _ in range(6):
        await guess(limen, who, seen)
    await take(limen, who, seen)
    for _ in range(3):
        await guess(limen, who, seen)


async def register_then_fail(limen: Assembly, who: str, seen: Seen) -> None:
    await take(limen, who, seen)
    for _ in range(8):
        await guess(limen, who, seen)


async def fail_a_little_and_go_on_after_registering(limen: Assembly, who: str, seen: Seen) -> None:
    for _ in range(3):
        await guess(limen, who, seen)
    await take(limen, who.upper(), seen)
    for _ in range(5):
        await guess(limen, who, seen)


async def try_codes_and_register(limen: Assembly, who: str, seen: Seen) -> None:
    for _ in range(4):
        await guess_code(limen, who, seen)
    await take(limen, who, seen)
    await limen.delivery.deliver()
    for _ in range(4):
        await guess_code(limen, who, seen)


async def register_again_and_again(limen: Assembly, who: str, seen: Seen) -> None:
    for _ in range(4):
        await guess(limen, who, seen)
        await take(limen, who, seen)
    for _ in range(4):
        await guess(limen, who, seen)


@pytest.mark.parametrize(
    "attack",
    [
        fail_then_register,
        register_then_fail,
        fail_a_little_and_go_on_after_registering,
        try_codes_and_register,
        register_again_and_again,
    ],
)
async def test_a_free_name_is_as_a_taken_one(attack: Attack) -> None:
    of_a_free_one = await seen_by(attack, FREE)
    assert of_a_free_one == await seen_by(attack, ADA)
    assert "signin.too_many_attempts" in {code for code, _ in of_a_free_one}


async def test_the_new_account_has_the_failures_and_the_name_has_none_left() -> None:
    limen = in_memory()
    for _ in range(7):
        seen: Seen = []
        await guess(limen, FREE, seen)
        limen.clock.advance(limen.policies.throttle.longest_wait)
    before = await kept(limen, of_stranger(FREE, ""))
    user = await limen.register(FREE)
    async with limen.unit_of_work() as uow:
        keys = [account_key(of_user(user.id)), account_key(of_stranger(FREE, ""))]
        mine, theirs = await uow.throttles.lock(keys, limen.clock.now())
    assert (mine.attempts, mine.since, mine.last_at) == (7, before.since, before.last_at)
    assert theirs.attempts == 0


async def test_whoever_is_made_by_an_administrator_takes_them_over_too() -> None:
    limen = in_memory()
    for _ in range(3):
        await guess(limen, "free", [])
    user = await limen.users.create(actor=OPERATOR, email=FREE, username="Free")
    assert (await kept(limen, of_user(user.id))).attempts == 3


async def test_a_name_that_nobody_tried_leaves_nothing_behind() -> None:
    limen = in_memory()
    user = await limen.register(FREE)
    assert (await kept(limen, of_user(user.id))).attempts == 0
    purged = await limen.maintenance.purge(actor=OPERATOR)
    assert purged.throttles == 0


async def kept(limen: Assembly, subject: str) -> Throttle:
    async with limen.unit_of_work() as uow:
        (found,) = await uow.throttles.lock([account_key(subject)], limen.clock.now())
    return found
