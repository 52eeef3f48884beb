"""Where signing keys are kept."""

from datetime import datetime
from typing import Protocol

from limen.core.keys.model import SigningKey


class SigningKeys(Protocol):
    """Keeps signing keys, their private halves encrypted."""

    async def list(self) -> tuple[SigningKey, ...]:
        """Return all keys, oldest first by the instant from which they sign."""
        ...

    async def add(self, key: SigningKey) -> None:
        """Add a key; raise `KeyTaken` if its id is known."""
        ...

    async def lock(self) -> None:
        """Make every other unit of work that asks for this wait until this one ends."""
        ...

    async def purge(self, before: datetime) -> int:
        """Remove the keys that were replaced before `before`; return how many."""
        ...
