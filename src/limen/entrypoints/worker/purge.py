"""Removing what is past its lifetime, every hour, beside the server."""

import logging
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Final

from limen.core.actor import Actor
from limen.core.maintenance.service import MaintenanceService
from limen.entrypoints.worker.regular import Rhythm, regularly

RHYTHM: Final = Rhythm(
    # The server first has other things to do.
    first_after=timedelta(minutes=1),
    every=timedelta(hours=1),
    after_failure=timedelta(hours=1),
    longest=timedelta(minutes=10),
)
WORKER: Final = Actor.system("worker")

_log = logging.getLogger(__name__)


def purging(
    maintenance: MaintenanceService, *, lock: Path | None = None, rhythm: Rhythm = RHYTHM
) -> AbstractAsyncContextManager[None]:
    """Purge every hour while the block runs, in one process of those that name the same `lock`."""

    async def purge() -> None:
        _log.info("Purged %s", asdict(await maintenance.purge(actor=WORKER)))

    return regularly("purge", purge, rhythm, lock)
