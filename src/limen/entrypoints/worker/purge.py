"""Removing what is past its lifetime, every hour, beside the server."""

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Final

from limen.core.actor import Actor
from limen.core.errors import LimenError
from limen.core.maintenance.service import MaintenanceService

EVERY: Final = timedelta(hours=1)
# The server first has other things to do.
FIRST_AFTER: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=10)
WORKER: Final = Actor.system("worker")

_log = logging.getLogger(__name__)


@asynccontextmanager
async def purging(
    maintenance: MaintenanceService,
    *,
    lock: Path | None = None,
    every: timedelta = EVERY,
    first_after: timedelta = FIRST_AFTER,
    longest: timedelta = LONGEST,
) -> AsyncIterator[None]:
    """Purge every hour while the block runs; leaving it stops at once.

    Of the processes that name the same `lock` file one purges; should it die, another takes over.
    A purge that fails or takes longer than `longest` is logged and tried again an hour later.
    """
    task = asyncio.create_task(_purge_regularly(maintenance, lock, every, first_after, longest))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _purge_regularly(
    maintenance: MaintenanceService,
    lock: Path | None,
    every: timedelta,
    first_after: timedelta,
    longest: timedelta,
) -> None:
    await asyncio.sleep(first_after.total_seconds())
    while True:
        with _alone(lock) as is_alone:
            if is_alone:
                await _purge(maintenance, longest)
            # Whoever holds the lock keeps it while waiting: two that take turns would purge twice.
            await asyncio.sleep(every.total_seconds())


async def _purge(maintenance: MaintenanceService, longest: timedelta) -> None:
    try:
        async with asyncio.timeout(longest.total_seconds()):
            purged = await maintenance.purge(actor=WORKER)
    except (LimenError, TimeoutError) as error:
        _log.warning("The purge did not end: %s", str(error) or "it took too long")
    except Exception:  # noqa: BLE001 - whatever it was, the next hour is another try
        _log.exception("The purge failed")
    else:
        _log.info("Purged %s", asdict(purged))


@contextmanager
def _alone(lock: Path | None) -> Iterator[bool]:
    """Tell whether this process is the one that holds the lock.

    Where there can be no lock everybody is: a purge too many does no harm.
    """
    try:
        descriptor = None if lock is None else os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        descriptor = None
    if descriptor is None:
        yield True
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
