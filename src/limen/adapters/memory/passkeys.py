"""Passkeys in memory."""

from dataclasses import replace

from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.errors import ConcurrentUpdate, PasskeyNotFound, PasskeyTaken, UserNotFound
from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys.model import Passkey
from limen.ports.passkeys import Passkeys


class MemoryPasskeys:
    """Keeps the passkeys of each user, in order of id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, passkey: Passkey) -> None:
        """Store a new passkey."""
        rows = await self._desk.write()
        if passkey.user_id not in rows.users:
            raise UserNotFound
        if passkey.credential_id in rows.credentials:
            raise PasskeyTaken
        rows.credentials.put(passkey.credential_id, passkey.user_id)
        kept = (*_of(rows, passkey.user_id), passkey)
        rows.passkeys.put(passkey.user_id, tuple(sorted(kept, key=lambda one: one.id)))

    async def list(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a user, the oldest first."""
        return _of(await self._desk.read(), user_id)

    async def find(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with this credential id."""
        rows = await self._desk.read()
        owner = rows.credentials.get(credential_id)
        kept = () if owner is None else _of(rows, owner)
        return next((one for one in kept if one.credential_id == credential_id), None)

    @changes
    async def save(self, passkey: Passkey) -> None:
        """Store the name of a changed passkey over the version before it."""
        rows = await self._desk.write()
        present = _find(rows, passkey)
        if present is None or present.version != passkey.version - 1:
            raise ConcurrentUpdate
        _replace(rows, replace(present, name=passkey.name, version=passkey.version))

    @changes
    async def use(self, passkey: Passkey) -> bool:
        """Store counter, backup state and time of a use, if the counter may follow."""
        rows = await self._desk.write()
        present = _find(rows, passkey)
        if present is None or not present.is_followed_by(passkey.sign_count):
            return False
        used = replace(
            present,
            sign_count=passkey.sign_count,
            is_backed_up=passkey.is_backed_up,
            last_used_at=passkey.last_used_at,
        )
        _replace(rows, used)
        return True

    @changes
    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """Remove a passkey of this user."""
        rows = await self._desk.write()
        present = _of(rows, user_id)
        found = [one for one in present if one.id == passkey_id]
        if not found:
            raise PasskeyNotFound
        rows.credentials.pop(found[0].credential_id)
        rows.passkeys.put(user_id, tuple(one for one in present if one.id != passkey_id))

    @changes
    async def remove_all(self, user_id: UserId) -> int:
        """Remove all passkeys of a user; return how many."""
        rows = await self._desk.write()
        removed = rows.passkeys.pop(user_id) or ()
        for passkey in removed:
            rows.credentials.pop(passkey.credential_id)
        return len(removed)


def _of(rows: Rows, user_id: UserId) -> tuple[Passkey, ...]:
    return rows.passkeys.get(user_id) or ()


def _find(rows: Rows, passkey: Passkey) -> Passkey | None:
    return next((one for one in _of(rows, passkey.user_id) if one.id == passkey.id), None)


def _replace(rows: Rows, passkey: Passkey) -> None:
    kept = (passkey if one.id == passkey.id else one for one in _of(rows, passkey.user_id))
    rows.passkeys.put(passkey.user_id, tuple(kept))


_conforms: type[Passkeys] = MemoryPasskeys
