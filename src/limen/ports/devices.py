"""Where it is kept from which devices people have signed in."""

from datetime import datetime
from typing import Protocol

from limen.core.devices.model import KnownDevice
from limen.core.ids import UserId


class Devices(Protocol):
    """Keeps the devices that each user was seen with."""

    async def note(self, device: KnownDevice) -> bool:
        """Store a device; of one that is known already, `last_seen_at` alone.

        Tells whether it was new: of any number of callers at once exactly one is told so. Raises
        `UserNotFound` if its user is gone.
        """
        ...

    async def find(self, user_id: UserId, digest: bytes) -> KnownDevice | None:
        """Return the device of this user that goes by this digest."""
        ...

    async def list(self, user_id: UserId) -> tuple[KnownDevice, ...]:
        """Return the devices of a user, the last seen first, at most 200."""
        ...

    async def remove(self, user_id: UserId, *, keep: int = 0) -> None:
        """Remove the devices of a user but for the `keep` that were last seen."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` devices that were last seen before `before`; return how many."""
        ...
