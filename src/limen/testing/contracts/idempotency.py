"""What `limen.ports.idempotency.Attempts` promises."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from limen.core.idempotency.model import Attempt
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import an_attempt
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import change, keep
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1)


async def _begin(unit_of_work: UnitOfWorkFactory, attempt: Attempt) -> Attempt | None:
    """Begin, with nothing abandoned that was begun less than a day ago."""
    return await change(
        unit_of_work,
        lambda uow: uow.attempts.begin(attempt, abandoned_before=attempt.begun_at - DAY),
    )


class AttemptsContract(Contract):
    """Requests that may be repeated. Fixture: `unit_of_work`."""

    # --- begin ---

    async def test_begin_gives_the_scope_to_the_first_and_the_attempt_to_all_others(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        first = an_attempt(fingerprint=b"first", begun_at=NOON + INSTANT)
        assert await _begin(unit_of_work, first) is None
        for fingerprint in (b"first", b"other"):
            later = an_attempt(fingerprint=fingerprint, begun_at=NOON + INSTANT * 2)
            assert_same(await _begin(unit_of_work, later), first)

    async def test_every_scope_is_claimed_for_itself(self, unit_of_work: UnitOfWorkFactory) -> None:
        assert await _begin(unit_of_work, an_attempt(b"a")) is None
        assert await _begin(unit_of_work, an_attempt(b"b")) is None

    async def test_begin_returns_the_answer_of_a_finished_attempt(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        finished = an_attempt(sealed=b"\x00\xffanswer")
        await keep(unit_of_work, finished)
        assert_same(await _begin(unit_of_work, an_attempt(begun_at=NOON + INSTANT)), finished)

    @pytest.mark.parametrize("sealed", [None, b"answer"])
    async def test_begin_replaces_an_attempt_that_has_expired(
        self, unit_of_work: UnitOfWorkFactory, sealed: bytes | None
    ) -> None:
        await keep(unit_of_work, an_attempt(sealed=sealed, expires_at=NOON + INSTANT * 2))
        early = an_attempt(fingerprint=b"early", begun_at=NOON + INSTANT)
        assert await _begin(unit_of_work, early) is not None
        later = an_attempt(fingerprint=b"later", begun_at=NOON + INSTANT * 2)
        assert await _begin(unit_of_work, later) is None
        assert_same(await _begin(unit_of_work, an_attempt(begun_at=NOON + INSTANT * 3)), later)
        answered = replace(later, sealed=b"later")
        await change(unit_of_work, lambda uow: uow.attempts.finish(answered))
        assert await _begin(unit_of_work, an_attempt(begun_at=NOON + DAY * 2)) is None

    async def test_begin_replaces_an_attempt_that_was_abandoned(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        first = an_attempt()
        await keep(unit_of_work, first)
        later = an_attempt(fingerprint=b"later", begun_at=NOON + timedelta(minutes=1))
        async with unit_of_work() as uow:
            assert_same(await uow.attempts.begin(later, abandoned_before=NOON), first)
            assert await uow.attempts.begin(later, abandoned_before=NOON + INSTANT) is None
            await uow.commit()
        assert_same(await _begin(unit_of_work, replace(later, fingerprint=b"x" * 32)), later)

    async def test_begin_never_replaces_an_answer_as_abandoned(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        finished = an_attempt(sealed=b"answer")
        await keep(unit_of_work, finished)
        later = an_attempt(begun_at=NOON + timedelta(minutes=1))
        found = await change(
            unit_of_work, lambda u: u.attempts.begin(later, abandoned_before=later.begun_at)
        )
        assert_same(found, finished)

    # --- finish, abandon ---

    async def test_finish_stores_the_answer(self, unit_of_work: UnitOfWorkFactory) -> None:
        claim = an_attempt()
        await keep(unit_of_work, claim, other := an_attempt(b"other"))
        finished = replace(claim, sealed=b"\x00answer", expires_at=claim.expires_at)
        await change(unit_of_work, lambda uow: uow.attempts.finish(finished))
        assert_same(await _begin(unit_of_work, an_attempt(begun_at=NOON + INSTANT)), finished)
        assert_same(await _begin(unit_of_work, an_attempt(b"other")), other)

    async def test_finish_does_nothing_for_a_scope_that_another_attempt_has(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        claim = an_attempt(begun_at=NOON + INSTANT)
        await keep(unit_of_work, claim)
        late = an_attempt(begun_at=NOON, sealed=b"too late")
        await change(unit_of_work, lambda uow: uow.attempts.finish(late))
        assert_same(await _begin(unit_of_work, an_attempt(begun_at=NOON + INSTANT * 2)), claim)

    async def test_finish_does_nothing_for_a_scope_that_nobody_has(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await change(unit_of_work, lambda u: u.attempts.finish(an_attempt(sealed=b"answer")))
        assert await _begin(unit_of_work, an_attempt()) is None

    async def test_abandon_gives_the_scope_up(self, unit_of_work: UnitOfWorkFactory) -> None:
        claim = an_attempt()
        await keep(unit_of_work, claim, other := an_attempt(b"other"))
        await change(unit_of_work, lambda uow: uow.attempts.abandon(claim))
        assert await _begin(unit_of_work, an_attempt(begun_at=NOON + INSTANT)) is None
        assert_same(await _begin(unit_of_work, an_attempt(b"other")), other)

    async def test_abandon_does_nothing_for_a_scope_that_another_attempt_has(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        claim = an_attempt(begun_at=NOON + INSTANT)
        await keep(unit_of_work, claim)
        await change(unit_of_work, lambda uow: uow.attempts.abandon(an_attempt(begun_at=NOON)))
        assert_same(await _begin(unit_of_work, an_attempt(begun_at=NOON + INSTANT * 2)), claim)

    async def test_abandon_never_drops_an_answer(self, unit_of_work: UnitOfWorkFactory) -> None:
        finished = an_attempt(sealed=b"answer")
        await keep(unit_of_work, finished)
        await change(unit_of_work, lambda uow: uow.attempts.abandon(replace(finished, sealed=None)))
        assert_same(await _begin(unit_of_work, an_attempt(begun_at=NOON + INSTANT)), finished)

    # --- purge ---

    async def test_purge_removes_what_expired_before(self, unit_of_work: UnitOfWorkFactory) -> None:
        expired = an_attempt(b"old", expires_at=NOON + DAY - INSTANT, sealed=b"answer")
        await keep(unit_of_work, expired, kept := an_attempt(b"new", expires_at=NOON + DAY))
        await keep(unit_of_work, later := an_attempt(b"later", expires_at=NOON + DAY + INSTANT))
        assert await change(unit_of_work, lambda uow: uow.attempts.purge(NOON + DAY, 100)) == 1
        assert await _begin(unit_of_work, an_attempt(b"old")) is None
        assert_same(await _begin(unit_of_work, an_attempt(b"new")), kept)
        assert_same(await _begin(unit_of_work, an_attempt(b"later")), later)

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        scopes = [b"a", b"b", b"c", b"d", b"e"]
        await keep(unit_of_work, *(an_attempt(scope) for scope in scopes))
        before = NOON + DAY * 2
        removed = [
            await change(unit_of_work, lambda uow: uow.attempts.purge(before, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
