from collections.abc import AsyncIterator

import pytest_asyncio

from limen.ports.unit_of_work import UnitOfWorkFactory
from tests.unit.entrypoints.http.site import Site, open_site


@pytest_asyncio.fixture
async def site(unit_of_work: UnitOfWorkFactory) -> AsyncIterator[Site]:
    """A door over each store."""
    async with open_site(unit_of_work) as opened:
        yield opened
