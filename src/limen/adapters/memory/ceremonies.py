"""Ceremonies in memory."""

from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.errors import CeremonyOver
from limen.core.passkeys.model import Ceremony, CeremonyPurpose
from limen.ports.ceremonies import Ceremonies


class MemoryCeremonies:
    """Keeps ceremonies by digest."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, ceremony: Ceremony) -> None:
        """Store a new ceremony."""
        rows = await self._desk.write()
        rows.ceremonies.put(ceremony.digest, ceremony)

    @changes
    async def consume(self, digest: bytes, purpose: CeremonyPurpose, now: datetime) -> Ceremony:
        """Take the ceremony out; only who is first can."""
        rows = await self._desk.write()
        ceremony = rows.ceremonies.get(digest)
        if ceremony is None or not ceremony.is_live(purpose, now):
            raise CeremonyOver
        rows.ceremonies.pop(digest)
        return ceremony

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` ceremonies that were over before `before`."""
        rows = await self._desk.write()
        over = (one.digest for one in rows.ceremonies.values() if one.expires_at < before)
        found = tuple(islice(over, limit))
        for digest in found:
            rows.ceremonies.pop(digest)
        return len(found)


_conforms: type[Ceremonies] = MemoryCeremonies
