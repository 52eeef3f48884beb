"""Password credentials in memory."""

from limen.adapters.memory.store import Desk, changes
from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.ids import UserId
from limen.core.passwords.model import PasswordCredential
from limen.ports.passwords import Passwords


class MemoryPasswords:
    """Keeps credentials by user id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def find(self, user_id: UserId) -> PasswordCredential | None:
        """Return the user's credential, if there is one."""
        rows = await self._desk.read()
        return rows.passwords.get(user_id)

    @changes
    async def add(self, credential: PasswordCredential) -> None:
        """Add the first credential of a user."""
        rows = await self._desk.write()
        if credential.user_id in rows.passwords:
            raise ConcurrentUpdate
        if credential.user_id not in rows.users:
            raise UserNotFound
        rows.passwords.put(credential.user_id, credential)

    @changes
    async def save(self, credential: PasswordCredential) -> None:
        """Store a changed credential over the version before it."""
        rows = await self._desk.write()
        present = rows.passwords.get(credential.user_id)
        if present is None or present.version != credential.version - 1:
            raise ConcurrentUpdate
        rows.passwords.put(credential.user_id, credential)

    @changes
    async def remove(self, user_id: UserId) -> None:
        """Remove the user's credential, if there is one."""
        rows = await self._desk.write()
        rows.passwords.pop(user_id)


_conforms: type[Passwords] = MemoryPasswords
