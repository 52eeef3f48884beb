"""API keys."""

from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository
from limen.core.api_keys.model import ApiKey, ApiKeyEnd
from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.ids import ApiKeyId, UserId
from limen.ports.api_keys import ApiKeys, OwnedKey


class JsonApiKeys(Repository):
    """See `limen.ports.api_keys`."""

    async def add(self, key: ApiKey) -> None:
        tables = await self._desk.write()
        if key.owner_id not in tables.users:
            raise UserNotFound
        tables.api_keys.put(key)

    async def find(self, key_id: ApiKeyId) -> OwnedKey | None:
        tables = await self._desk.read()
        key = tables.api_keys.get(key_id)
        owner = None if key is None else tables.users.get(key.owner_id)
        return None if key is None or owner is None else OwnedKey(key=key, owner=owner)

    async def list(
        self, owner_id: UserId, *, before: ApiKeyId | None = None, limit: int = 100
    ) -> tuple[ApiKey, ...]:
        tables = await self._desk.read()
        owned = tables.api_keys.where(owner_id=owner_id)
        found = [key for key in owned if before is None or key.id < before]
        return tuple(sorted(found, key=lambda key: key.id, reverse=True)[:limit])

    async def count(self, owner_id: UserId, now: datetime, *, has_successor: bool = False) -> int:
        tables = await self._desk.read()
        owned = tables.api_keys.where(owner_id=owner_id)
        return sum(
            key.is_live(now) and (key.successor_id is not None) is has_successor for key in owned
        )

    async def save(self, key: ApiKey) -> None:
        tables = await self._desk.write()
        present = tables.api_keys.get(key.id)
        if present is None:
            raise ConcurrentUpdate
        tables.api_keys.save(replace(key, last_used_at=present.last_used_at))

    async def use(self, key_id: ApiKeyId, now: datetime, unless_since: datetime) -> None:
        tables = await self._desk.write()
        key = tables.api_keys.get(key_id)
        if key is not None and (key.last_used_at is None or key.last_used_at <= unless_since):
            tables.api_keys.put(replace(key, last_used_at=now))

    async def end(self, owner_id: UserId, now: datetime, reason: ApiKeyEnd) -> None:
        tables = await self._desk.write()
        for key in tables.api_keys.where(owner_id=owner_id):
            if key.is_live(now):
                tables.api_keys.put(key.ended(now, reason))

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.api_keys.remove_where(lambda key: _was_over(key, before), limit))


def _was_over(key: ApiKey, before: datetime) -> bool:
    return key.over_at is not None and key.over_at < before


_conforms: type[ApiKeys] = JsonApiKeys
