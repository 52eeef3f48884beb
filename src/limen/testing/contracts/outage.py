"""What a store that can be out does then; the one in memory never is."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from limen.core.errors import StorageUnavailable
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import an_event
from limen.testing.contract import Contract
from limen.testing.contracts.calls import READS, WRITES
from limen.testing.contracts.steps import change, keep, look


class OutageContract(Contract):
    """No answer is never a "no". Fixture: `unit_of_work`, on a store that cannot be reached."""

    @pytest.mark.parametrize("read", sorted(READS))
    async def test_every_read_raises_storage_unavailable(
        self, unit_of_work: UnitOfWorkFactory, read: str
    ) -> None:
        with pytest.raises(StorageUnavailable):
            await look(unit_of_work, READS[read])

    @pytest.mark.parametrize("call", sorted(READS | WRITES))
    async def test_every_call_in_a_unit_of_work_raises_storage_unavailable(
        self, unit_of_work: UnitOfWorkFactory, call: str
    ) -> None:
        steps: dict[str, Callable[[Any], Awaitable[Any]]] = READS | WRITES
        with pytest.raises(StorageUnavailable):
            await change(unit_of_work, steps[call])

    async def test_a_commit_raises_storage_unavailable(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(StorageUnavailable):
            await keep(unit_of_work, an_event())

    async def test_leaving_without_having_asked_anything_is_quiet(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        async with unit_of_work():
            pass
        async with unit_of_work.view():
            pass
