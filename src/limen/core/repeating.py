"""Doing again what somebody else got in the way of."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from limen.core.errors import ConcurrentUpdate

T = TypeVar("T")

_TRIES: Final = 5


async def repeated(step: Callable[[], Awaitable[T]]) -> T:
    """Return what a whole unit of work gives, done again when it raises `ConcurrentUpdate`.

    After a few tries the refusal goes on to the caller.
    """
    for _ in range(_TRIES - 1):
        with suppress(ConcurrentUpdate):
            return await step()
    return await step()
