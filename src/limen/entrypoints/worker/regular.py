"""Work that comes again and again beside the server, in one process of those that could do it."""

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from limen.core.errors import LimenError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When some work is done: for the first time, then after each time, and after a failure.

    Work that takes longer than `longest` has failed.
    """

    first_after: timedelta
    every: timedelta
    after_failure: timedelta
    longest: timedelta


@asynccontextmanager
async def regularly(
    name: str, work: Callable[[], Awaitable[None]], rhythm: Rhythm, lock: Path | None = None
) -> AsyncIterator[None]:
    """Do `work` in its rhythm while the block runs; leaving it stops at once.

    Of the processes that name the same `lock` file one works; should it die, another takes over.
    A failure is logged under `name` and tried again.
    """
    task = asyncio.create_task(_go_on(name, work, rhythm, lock))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _go_on(
    name: str, work: Callable[[], Awaitable[None]], rhythm: Rhythm, lock: Path | None
) -> None:
    await asyncio.sleep(rhythm.first_after.total_seconds())
    while True:
        with _alone(lock) as is_alone:
            is_well = not is_alone or await _try(name, work, rhythm.longest)
            # Whoever holds the lock keeps it while waiting: two that take turns would work twice.
            pause = rhythm.every if is_well else rhythm.after_failure
            await asyncio.sleep(pause.total_seconds())


async def _try(name: str, work: Callable[[], Awaitable[None]], longest: timedelta) -> bool:
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await work()
    except (LimenError, TimeoutError) as error:
        _log.warning("The %s did not end: %s", name, str(error) or "it took too long")
    except Exception:  # noqa: BLE001 - whatever it was, there will be another try
        _log.exception("The %s failed", name)
    else:
        return True
    return False


@contextmanager
def _alone(lock: Path | None) -> Iterator[bool]:
    """Tell whether this process is the one that holds the lock.

    Where there can be no lock everybody is: to work twice does no harm.
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
