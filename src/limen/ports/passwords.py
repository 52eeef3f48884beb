"""Where password hashes are kept."""

from typing import Protocol

from limen.core.ids import UserId
from limen.core.passwords.model import PasswordCredential


class Passwords(Protocol):
    """Keeps at most one password credential for each user."""

    async def find(self, user_id: UserId) -> PasswordCredential | None:
        """Return the user's credential, if there is one."""
        ...

    async def add(self, credential: PasswordCredential) -> None:
        """Add the first credential of a user; raise `ConcurrentUpdate` if there is one already."""
        ...

    async def save(self, credential: PasswordCredential) -> None:
        """Store a changed credential over the version before it.

        Raises `ConcurrentUpdate` if the stored version is not exactly one less.
        """
        ...

    async def remove(self, user_id: UserId) -> None:
        """Remove the user's credential, if there is one."""
        ...
