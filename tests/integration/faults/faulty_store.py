"""What `catching.py` runs inside itself: all contracts on a store broken on purpose.

pytest does not collect it by itself, because of its name.
"""

from collections.abc import AsyncIterator

import pytest_asyncio

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.contracts.store import StoreContract
from limen.testing.store import OpenStore


class TestStore(StoreContract):
    @pytest_asyncio.fixture
    async def unit_of_work(self, broken: OpenStore) -> AsyncIterator[UnitOfWorkFactory]:
        async with broken() as unit_of_work:
            yield unit_of_work
