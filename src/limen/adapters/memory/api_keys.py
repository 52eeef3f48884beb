"""API keys in memory."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, Rows, changes
from limen.adapters.memory.users import copied
from limen.core.api_keys.model import ApiKey, ApiKeyEnd
from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.ids import ApiKeyId, UserId
from limen.ports.api_keys import ApiKeys, OwnedKey


class MemoryApiKeys:
    """Keeps API keys by id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, key: ApiKey) -> None:
        """Add a new key."""
        rows = await self._desk.write()
        if key.owner_id not in rows.users:
            raise UserNotFound
        rows.api_keys.put(key.id, key)

    async def find(self, key_id: ApiKeyId) -> OwnedKey | None:
        """Return the key with this id, and its owner."""
        rows = await self._desk.read()
        key = rows.api_keys.get(key_id)
        return None if key is None else OwnedKey(key=key, owner=copied(rows.users[key.owner_id]))

    async def list(
        self, owner_id: UserId, *, before: ApiKeyId | None = None, limit: int = 100
    ) -> tuple[ApiKey, ...]:
        """Return up to `limit` keys of a user older than `before`, the newest first."""
        owned = keys_of(await self._desk.read(), owner_id)
        found = [key for key in owned if before is None or key.id < before]
        return tuple(sorted(found, key=lambda key: key.id, reverse=True)[:limit])

    async def count(self, owner_id: UserId, now: datetime, *, has_successor: bool = False) -> int:
        """Count the keys of a user that hold without a successor, or beside theirs."""
        owned = keys_of(await self._desk.read(), owner_id)
        return sum(
            key.is_live(now) and (key.successor_id is not None) is has_successor for key in owned
        )

    @changes
    async def save(self, key: ApiKey) -> None:
        """Store a changed key over the version before it."""
        rows = await self._desk.write()
        present = rows.api_keys.get(key.id)
        if present is None or present.version != key.version - 1:
            raise ConcurrentUpdate
        rows.api_keys.put(key.id, replace(key, last_used_at=present.last_used_at))

    @changes
    async def use(self, key_id: ApiKeyId, now: datetime, unless_since: datetime) -> None:
        """Store `now` as the last use, unless there was one after `unless_since`."""
        rows = await self._desk.write()
        key = rows.api_keys.get(key_id)
        if key is not None and (key.last_used_at is None or key.last_used_at <= unless_since):
            rows.api_keys.put(key_id, replace(key, last_used_at=now))

    @changes
    async def end(self, owner_id: UserId, now: datetime, reason: ApiKeyEnd) -> None:
        """End every key of a user that holds."""
        rows = await self._desk.write()
        for key in keys_of(rows, owner_id):
            if key.is_live(now):
                rows.api_keys.put(key.id, key.ended(now, reason))

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` keys that were over before `before`."""
        rows = await self._desk.write()
        over = (k.id for k in rows.api_keys.values() if k.over_at and k.over_at < before)
        found = tuple(islice(over, limit))
        for key_id in found:
            rows.api_keys.pop(key_id)
        return len(found)


def keys_of(rows: Rows, owner_id: UserId) -> list[ApiKey]:
    """Return all keys of a user."""
    return [key for key in rows.api_keys.values() if key.owner_id == owner_id]


_conforms: type[ApiKeys] = MemoryApiKeys
