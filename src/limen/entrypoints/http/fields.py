"""How a field that was not given reaches the core."""

from typing import TypeVar

from msgspec import UnsetType

from limen.core.reading import UNSET, Maybe

T = TypeVar("T")


def maybe(value: T | UnsetType) -> Maybe[T]:
    """Say it in the core's words: not given is something else than nothing."""
    return UNSET if isinstance(value, UnsetType) else value
