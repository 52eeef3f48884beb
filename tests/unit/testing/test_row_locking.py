"""The model of a store with row locks is no lie: it passes what stores pass when many come."""

import pytest

from limen.core.errors import ConcurrentUpdate
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.contracts.concurrency import ConcurrencyContract
from limen.testing.contracts.locks import LocksContract
from limen.testing.contracts.one_time import OneTimeContract
from limen.testing.fakes import NOON
from limen.testing.interleavings.row_locking import RowLockingUnits


@pytest.fixture
def unit_of_work() -> UnitOfWorkFactory:
    # A store that is used ends a deadlock; one that explores tells of it.
    return RowLockingUnits(ConcurrentUpdate)


class TestRowLocks(LocksContract):
    """Who waits for whom."""


class TestRowLockingUnits(ConcurrencyContract):
    """Exactly one of many wins."""


class TestRowLockingOneTime(OneTimeContract):
    """What is good once is used once."""


async def test_what_nobody_said_the_locks_of_is_refused() -> None:
    async with RowLockingUnits()() as uow:
        with pytest.raises(NotImplementedError, match="nothing says what purge locks"):
            await uow.throttles.purge(NOON, 1)
