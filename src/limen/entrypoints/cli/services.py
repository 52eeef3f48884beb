"""The services as the command line uses them, from the settings of this process."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from limen.core.errors import StorageOutdated
from limen.entrypoints.cli.door import Opened
from limen.entrypoints.library import services_of
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import Store, load

# More than two gain nothing: one works in the store while the next is made ready here.
_WRITERS: Final = 2


@asynccontextmanager
async def open_services() -> AsyncIterator[Opened]:
    """Open limen as the settings say.

    Raises `SettingsInvalid`, `StorageUnavailable`, or `StorageOutdated` where `limen migrate`
    has to run first.
    """
    settings = load()
    if settings.database.store is Store.MEMORY:
        print(
            "The store is memory://, so whatever this command does is gone when it ends.",
            file=sys.stderr,
        )
    async with open_container(settings) as container:
        if not await container.storage().is_current():
            raise StorageOutdated
        # What was imported stays: the garbage collector need not look through it again and again.
        gc.freeze()
        is_concurrent = settings.database.store is Store.POSTGRESQL
        yield Opened(services=services_of(container), writers=_WRITERS if is_concurrent else 1)
