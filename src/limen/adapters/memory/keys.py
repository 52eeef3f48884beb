"""Signing keys in memory."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.errors import KeyTaken
from limen.core.keys.model import SigningKey
from limen.ports.keys import SigningKeys


class MemoryKeys:
    """Keeps signing keys by id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def list(self) -> tuple[SigningKey, ...]:
        """Return all keys, oldest first."""
        rows = await self._desk.read()
        return tuple(map(_copied, _in_order(rows)))

    @changes
    async def add(self, key: SigningKey) -> None:
        """Add a key."""
        rows = await self._desk.write()
        if key.id in rows.keys:
            raise KeyTaken
        rows.keys.put(key.id, _copied(key))

    async def lock(self) -> None:
        """Do nothing more: this unit of work is alone until it ends."""
        await self._desk.write()

    @changes
    async def purge(self, before: datetime) -> int:
        """Remove the keys whose successor began to sign before `before`."""
        rows = await self._desk.write()
        replaced = [
            key for key, successor in pairwise(_in_order(rows)) if successor.signs_from < before
        ]
        for key in replaced:
            rows.keys.pop(key.id)
        return len(replaced)


def _in_order(rows: Rows) -> tuple[SigningKey, ...]:
    return tuple(sorted(rows.keys.values(), key=lambda key: (key.signs_from, key.id)))


def _copied(key: SigningKey) -> SigningKey:
    return replace(key, public=deepcopy(dict(key.public)))


_conforms: type[SigningKeys] = MemoryKeys
