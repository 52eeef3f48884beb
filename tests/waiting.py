"""Waiting until something is so: no longer than that takes, and no test says how long it may."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Final

# What takes so long never comes; this is no measure of speed.
PATIENCE: Final = 120.0
_PAUSE: Final = 0.01


def wait_until(is_so: Callable[[], object], tell: Callable[[], str] = str) -> None:
    """Wait until something is so; fail with what `tell` says if it never is."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, tell() or "it did not happen"
        time.sleep(_PAUSE)


async def until(is_so: Callable[[], Awaitable[object] | object]) -> None:
    """Wait until something is so, while the event loop goes on."""
    async with asyncio.timeout(PATIENCE):
        while not (await found if isawaitable(found := is_so()) else found):  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(_PAUSE)
