"""What `limen.ports.ceremonies.Ceremonies` promises; many coming at once: `one_time`."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from limen.core.errors import CeremonyOver
from limen.core.passkeys.model import Ceremony, CeremonyPurpose
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_session_id, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import change, keep
from limen.testing.fakes import NOON
from limen.testing.passkeys import a_ceremony

INSTANT: Final = timedelta(microseconds=1)
END: Final = NOON + timedelta(minutes=5)


async def _consume(
    unit_of_work: UnitOfWorkFactory,
    ceremony: Ceremony,
    purpose: CeremonyPurpose | None = None,
    *,
    now: datetime = NOON,
) -> Ceremony:
    wanted = purpose or ceremony.purpose
    return await change(
        unit_of_work, lambda uow: uow.ceremonies.consume(ceremony.digest, wanted, now)
    )


class CeremoniesContract(Contract):
    """Questions to authenticators. Fixture: `unit_of_work`."""

    @pytest.mark.parametrize("purpose", CeremonyPurpose)
    async def test_consume_returns_a_ceremony_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory, purpose: CeremonyPurpose
    ) -> None:
        bound = a_ceremony(purpose, user_id=a_user_id(), session_id=a_session_id())
        await keep(unit_of_work, bound, free := a_ceremony(purpose))
        assert_same(await _consume(unit_of_work, bound, now=END - INSTANT), bound)
        assert_same(await _consume(unit_of_work, free), free)

    async def test_consume_raises_ceremony_over_the_second_time(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, ceremony := a_ceremony(), other := a_ceremony())
        await _consume(unit_of_work, ceremony)
        with pytest.raises(CeremonyOver):
            await _consume(unit_of_work, ceremony)
        assert_same(await _consume(unit_of_work, other), other)

    async def test_consume_raises_ceremony_over_from_its_end_on(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, ceremony := a_ceremony(expires_at=END))
        with pytest.raises(CeremonyOver):
            await _consume(unit_of_work, ceremony, now=END)
        assert_same(await _consume(unit_of_work, ceremony), ceremony)

    async def test_consume_raises_ceremony_over_for_another_purpose_and_leaves_it(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, ceremony := a_ceremony(CeremonyPurpose.ENROL))
        for purpose in set(CeremonyPurpose) - {CeremonyPurpose.ENROL}:
            with pytest.raises(CeremonyOver):
                await _consume(unit_of_work, ceremony, purpose)
        assert_same(await _consume(unit_of_work, ceremony), ceremony)

    async def test_consume_raises_ceremony_over_for_an_unknown_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(CeremonyOver):
            await _consume(unit_of_work, a_ceremony())

    async def test_purge_removes_what_was_over_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        over, live = a_ceremony(expires_at=END - INSTANT), a_ceremony(expires_at=END)
        await keep(unit_of_work, over, live, later := a_ceremony(expires_at=END + INSTANT))
        assert await change(unit_of_work, lambda uow: uow.ceremonies.purge(END, 100)) == 1
        with pytest.raises(CeremonyOver):
            await _consume(unit_of_work, over)
        assert_same(await _consume(unit_of_work, live), live)
        assert_same(await _consume(unit_of_work, later), later)

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, *(a_ceremony() for _ in range(5)))
        after = END + INSTANT
        removed = [
            await change(unit_of_work, lambda uow: uow.ceremonies.purge(after, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
