from datetime import timedelta

import pytest

from limen.core.errors import IdempotencyInProgress, IdempotencyKeyReused, InvalidInput
from limen.core.idempotency.model import StoredAnswer
from limen.testing.assembly import Assembly

ANSWER = StoredAnswer(status=201, headers=(("Location", "/x"),), body='{"é":1}'.encode())
REQUEST = [b"POST", b"/users", b"{}"]


async def test_the_first_answer_is_given_again_for_a_day() -> None:
    limen = Assembly()
    first = await limen.idempotency.begin("k1", owner="ada", request=REQUEST)
    assert first.answer is None
    await limen.idempotency.finish(first.attempt, ANSWER)
    limen.clock.advance(timedelta(hours=23))
    again = await limen.idempotency.begin("k1", owner="ada", request=REQUEST)
    assert again.answer == ANSWER
    limen.clock.advance(timedelta(hours=1))
    assert (await limen.idempotency.begin("k1", owner="ada", request=REQUEST)).answer is None


async def test_another_request_under_the_same_key_is_refused() -> None:
    limen = Assembly()
    first = await limen.idempotency.begin("k1", owner="ada", request=REQUEST)
    await limen.idempotency.finish(first.attempt, ANSWER)
    for other in ([b"POST", b"/users", b"[]"], [b"POST", b"/user", b"s{}"], [b"POST/users{}"]):
        with pytest.raises(IdempotencyKeyReused):
            await limen.idempotency.begin("k1", owner="ada", request=other)


async def test_keys_of_two_owners_never_meet() -> None:
    limen = Assembly()
    first = await limen.idempotency.begin("k1", owner="ada", request=REQUEST)
    await limen.idempotency.finish(first.attempt, ANSWER)
    assert (await limen.idempotency.begin("k1", owner="bob", request=REQUEST)).answer is None


async def test_two_at_once_the_second_is_told_to_wait() -> None:
    limen = Assembly()
    await limen.idempotency.begin("k1", owner="ada", request=REQUEST)
    with pytest.raises(IdempotencyInProgress):
        await limen.idempotency.begin("k1", owner="ada", request=REQUEST)
    limen.clock.advance(timedelta(minutes=2))
    assert (await limen.idempotency.begin("k1", owner="ada", request=REQUEST)).answer is None


async def test_an_abandoned_key_is_free_again() -> None:
    limen = Assembly()
    first = await limen.idempotency.begin("k1", owner="ada", request=REQUEST)
    await limen.idempotency.abandon(first.attempt)
    assert (await limen.idempotency.begin("k1", owner="ada", request=REQUEST)).answer is None


@pytest.mark.parametrize("key", ["", "x" * 129, "a b", "é", "a\n"])
async def test_a_key_is_short_printable_text(key: str) -> None:
    with pytest.raises(InvalidInput):
        await Assembly().idempotency.begin(key, owner="ada", request=REQUEST)
