"""The devices that people have signed in from."""

from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository, Tables, device_key
from limen.core.devices.model import MOST_LISTED, KnownDevice
from limen.core.errors import UserNotFound
from limen.core.ids import UserId
from limen.ports.devices import Devices


class JsonDevices(Repository):
    """See `limen.ports.devices`."""

    async def note(self, device: KnownDevice) -> bool:
        tables = await self._desk.write()
        if device.user_id not in tables.users:
            raise UserNotFound
        known = tables.devices.get(device_key(device.user_id, device.digest))
        seen = device if known is None else replace(known, last_seen_at=device.last_seen_at)
        tables.devices.put(seen)
        return known is None

    async def find(self, user_id: UserId, digest: bytes) -> KnownDevice | None:
        return (await self._desk.read()).devices.get(device_key(user_id, digest))

    async def list(self, user_id: UserId) -> tuple[KnownDevice, ...]:
        return _last_seen_first(await self._desk.read(), user_id)[:MOST_LISTED]

    async def remove(self, user_id: UserId, *, keep: int = 0) -> None:
        tables = await self._desk.write()
        kept = _last_seen_first(tables, user_id)[:keep]
        tables.devices.remove_where(lambda device: device.user_id == user_id and device not in kept)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.devices.remove_where(lambda one: one.last_seen_at < before, limit))


def _last_seen_first(tables: Tables, user_id: UserId) -> tuple[KnownDevice, ...]:
    by_digest = sorted(tables.devices.where(user_id=user_id), key=lambda device: device.digest)
    return tuple(sorted(by_digest, key=lambda device: device.last_seen_at, reverse=True))


_conforms: type[Devices] = JsonDevices
