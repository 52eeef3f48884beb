"""Users in memory."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from limen.adapters.memory.directory import select
from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.errors import ConcurrentUpdate, EmailTaken, UsernameTaken, UserNotFound
from limen.core.ids import UserId
from limen.core.page import Page, Selection
from limen.core.users.model import Email, User, Username
from limen.ports.users import Users


class MemoryUsers:
    """Keeps users by id, with an index for each unique key."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def get(self, user_id: UserId) -> User:
        """Return the user."""
        return _get(await self._desk.read(), user_id)

    async def lock(self, user_id: UserId) -> User:
        """Return the user; this unit of work is alone until it ends."""
        return _get(await self._desk.write(), user_id)

    async def find(self, identifier: Email | Username) -> User | None:
        """Return the user whose address or username has the identifier's key."""
        rows = await self._desk.read()
        index = rows.emails if isinstance(identifier, Email) else rows.usernames
        user_id = index.get(identifier.key)
        return None if user_id is None else copied(rows.users[user_id])

    async def list(self, selection: Selection, now: datetime) -> Page[User]:
        """Return the users that meet all conditions, in order, and where to go on."""
        page = select(await self._desk.read(), selection, now)
        return replace(page, items=tuple(map(copied, page.items)))

    @changes
    async def add(self, user: User) -> None:
        """Add a new user."""
        add_user(await self._desk.write(), user)

    @changes
    async def save(self, user: User) -> None:
        """Store a changed user over the version before it."""
        rows = await self._desk.write()
        present = rows.users.get(user.id)
        if present is None or present.version != user.version - 1:
            raise ConcurrentUpdate
        _refuse_taken(rows, user, owners={None, user.id})
        _take_out_of_indexes(rows, present)
        _put(rows, user)

    @changes
    async def sign_in(self, user: User) -> None:
        """Store `last_sign_in_at` alone."""
        rows = await self._desk.write()
        present = rows.users.get(user.id)
        if present is not None:
            rows.users.put(user.id, replace(present, last_sign_in_at=user.last_sign_in_at))

    @changes
    async def remove(self, user_id: UserId) -> None:
        """Remove the user with everything that belongs to them but the endings of sessions."""
        rows = await self._desk.write()
        _take_out_of_indexes(rows, _get(rows, user_id))
        rows.users.pop(user_id)
        rows.passwords.pop(user_id)
        rows.grants.pop(user_id)
        for proof_id in rows.user_proofs.pop(user_id) or ():
            rows.proofs.pop(proof_id)
        for partial in [p for p in rows.partial_sessions.values() if p.user_id == user_id]:
            rows.partial_sessions.pop(partial.id)
        for passkey in rows.passkeys.pop(user_id) or ():
            rows.credentials.pop(passkey.credential_id)
        rows.totps.pop(user_id)
        rows.waiting_totps.pop(user_id)
        rows.recovery_codes.pop(user_id)
        rows.factor_resets.pop(user_id)
        for key in tuple(rows.api_keys.values()):
            if key.owner_id == user_id:
                rows.api_keys.pop(key.id)
        _forget_browsers(rows, user_id)
        for session_id in rows.user_sessions.pop(user_id) or ():
            rows.sessions.pop(session_id)
            rows.families.pop(session_id)


def _forget_browsers(rows: Rows, user_id: UserId) -> None:
    for remembered in [one for one in rows.remembered.values() if one.user_id == user_id]:
        rows.remembered.pop(remembered.id)
    for device in [one for one in rows.devices.values() if one.user_id == user_id]:
        rows.devices.pop((user_id, device.digest))


def copied(user: User) -> User:
    """Return `user` with attributes of its own: nobody changes a stored user from outside."""
    return replace(user, attributes=deepcopy(dict(user.attributes)))


def add_user(rows: Rows, user: User) -> None:
    """Put a new user in; raise `EmailTaken` or `UsernameTaken` and change nothing."""
    _refuse_taken(rows, user, owners={None})
    if user.id in rows.users:
        raise ConcurrentUpdate
    _put(rows, user)


def _refuse_taken(rows: Rows, user: User, owners: set[UserId | None]) -> None:
    if rows.emails.get(user.email.key) not in owners:
        raise EmailTaken
    if user.username is not None and rows.usernames.get(user.username.key) not in owners:
        raise UsernameTaken


def _put(rows: Rows, user: User) -> None:
    rows.users.put(user.id, copied(user))
    rows.emails.put(user.email.key, user.id)
    if user.username is not None:
        rows.usernames.put(user.username.key, user.id)


def _get(rows: Rows, user_id: UserId) -> User:
    user = rows.users.get(user_id)
    if user is None:
        raise UserNotFound
    return copied(user)


def _take_out_of_indexes(rows: Rows, user: User) -> None:
    rows.emails.pop(user.email.key)
    if user.username is not None:
        rows.usernames.pop(user.username.key)


_conforms: type[Users] = MemoryUsers
