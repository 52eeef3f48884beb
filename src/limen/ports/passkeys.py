"""Where passkeys are kept."""

from typing import Protocol

from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys.model import Passkey


class Passkeys(Protocol):
    """Keeps the passkeys of each user; they go with their user."""

    async def add(self, passkey: Passkey) -> None:
        """Store a new passkey.

        Raises `PasskeyTaken` if anybody has one with this credential id, `UserNotFound` if the user
        is gone.
        """
        ...

    async def list(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a user in order of id, so that the oldest comes first."""
        ...

    async def find(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with this credential id."""
        ...

    async def save(self, passkey: Passkey) -> None:
        """Store the name of a changed passkey over the version before it, and nothing else.

        Raises `ConcurrentUpdate` over any other version, or if it is gone.
        """
        ...

    async def use(self, passkey: Passkey) -> bool:
        """Store counter, backup state and time of a use by one conditional write.

        Tells whether the counter may follow the one that is stored: it is greater, or both are 0.
        If not, or if the passkey is gone, nothing changes. Of parallel callers with the same
        counter, unless it is 0, exactly one gets through.
        """
        ...

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """Remove a passkey of this user; raise `PasskeyNotFound` if they have none with this id."""
        ...

    async def remove_all(self, user_id: UserId) -> int:
        """Remove all passkeys of a user; return how many."""
        ...
