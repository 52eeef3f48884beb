"""The services as the command line uses them, from the settings of this process."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limen.core.errors import StorageOutdated
from limen.entrypoints.library import Limen
from limen.wiring.lifecycle import open_container
from limen.wiring.settings import Store, load


@asynccontextmanager
async def open_services() -> AsyncIterator[Limen]:
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
        yield Limen.of(container)
