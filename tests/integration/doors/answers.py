"""The one form in which every door answers."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeAlias

import msgspec

from limen.core.errors import LimenError
from limen.entrypoints.shapes import ErrorOut

Answer: TypeAlias = Any
Fields: TypeAlias = Mapping[str, Any]


def plain(shape: object) -> Answer:
    """Return a shape as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(shape))


def refused(error: Mapping[str, Any]) -> Answer:
    """Return a refusal without what only one door has: the id of the request."""
    return {"refused": {name: error[name] for name in ("code", "message", "details")}}


async def told(asked: Awaitable[Any]) -> Answer:
    """Wait for the core and return what it gave, or why not."""
    try:
        return await asked
    except LimenError as error:
        return refused(plain(ErrorOut.of(error)))
