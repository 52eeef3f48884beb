"""Where the questions to authenticators wait for their answers."""

from datetime import datetime
from typing import Protocol

from limen.core.passkeys.model import Ceremony, CeremonyPurpose


class Ceremonies(Protocol):
    """Keeps ceremonies until they are answered, or over."""

    async def add(self, ceremony: Ceremony) -> None:
        """Store a new ceremony."""
        ...

    async def consume(self, digest: bytes, purpose: CeremonyPurpose, now: datetime) -> Ceremony:
        """Take the ceremony out by one conditional write, and return it.

        Raises `CeremonyOver`, and changes nothing, if it is for another purpose, is over at `now`,
        was taken out before, or never was: of parallel callers exactly one wins.
        """
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` ceremonies that were over before `before`; return how many."""
        ...
