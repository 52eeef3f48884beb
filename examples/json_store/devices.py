"""The devices that people have signed in from."""

from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository, device_key
from limen.core.devices.model import KnownDevice
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
        own = (await self._desk.read()).devices.where(user_id=user_id)
        by_digest = sorted(own, key=lambda device: device.digest)
        by_digest.sort(key=lambda device: device.last_seen_at, reverse=True)
        return tuple(by_digest[:200])

    async def remove(self, user_id: UserId, *, keep: int = 0) -> None:
        kept = (await self.list(user_id))[:keep]
        tables = await self._desk.write()
        tables.devices.remove_where(lambda device: device.user_id == user_id and device not in kept)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.devices.remove_where(lambda one: one.last_seen_at < before, limit))


_conforms: type[Devices] = JsonDevices
