from collections.abc import AsyncIterator

import pytest_asyncio

from tests.unit.entrypoints.http.site import Site, open_site


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A door over a store in memory."""
    async with open_site() as opened:
        yield opened
