"""Known devices in memory."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.devices.model import MOST_LISTED, KnownDevice
from limen.core.errors import UserNotFound
from limen.core.ids import UserId
from limen.ports.devices import Devices


class MemoryDevices:
    """Keeps known devices by user and digest."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def note(self, device: KnownDevice) -> bool:
        """Store a device, and tell whether it is new."""
        rows = await self._desk.write()
        if device.user_id not in rows.users:
            raise UserNotFound
        key = (device.user_id, device.digest)
        known = rows.devices.get(key)
        rows.devices.put(
            key, device if known is None else replace(known, last_seen_at=device.last_seen_at)
        )
        return known is None

    async def find(self, user_id: UserId, digest: bytes) -> KnownDevice | None:
        """Return the device of this user that goes by this digest."""
        return (await self._desk.read()).devices.get((user_id, digest))

    async def list(self, user_id: UserId) -> tuple[KnownDevice, ...]:
        """Return the devices of a user, the last seen first."""
        rows = await self._desk.read()
        return tuple(_own(rows, user_id)[:MOST_LISTED])

    @changes
    async def remove(self, user_id: UserId, *, keep: int = 0) -> None:
        """Remove the devices of a user but for the `keep` that were last seen."""
        rows = await self._desk.write()
        for device in _own(rows, user_id)[keep:]:
            rows.devices.pop((user_id, device.digest))

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` devices that were last seen before `before`."""
        rows = await self._desk.write()
        old = (key for key, device in rows.devices.items() if device.last_seen_at < before)
        found = tuple(islice(old, limit))
        for key in found:
            rows.devices.pop(key)
        return len(found)


def _own(rows: Rows, user_id: UserId) -> list[KnownDevice]:
    """Return the devices of a user, the last seen first."""
    own = [device for device in rows.devices.values() if device.user_id == user_id]
    own.sort(key=lambda device: device.digest)
    own.sort(key=lambda device: device.last_seen_at, reverse=True)
    return own


_conforms: type[Devices] = MemoryDevices
