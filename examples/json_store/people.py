"""Users, their passwords, and whole accounts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from examples.json_store.listing import select
from examples.json_store.tables import Repository, Tables
from limen.core.errors import (
    ConcurrentUpdate,
    EmailTaken,
    RoleNotFound,
    UsernameTaken,
    UserNotFound,
)
from limen.core.ids import UserId
from limen.core.imports.model import ImportOutcome
from limen.core.page import Page, Selection
from limen.core.passwords.model import PasswordCredential
from limen.core.users.model import Email, User, Username
from limen.ports.accounts import Account, Accounts
from limen.ports.passwords import Passwords
from limen.ports.users import Users


class JsonUsers(Repository):
    """See `limen.ports.users`. Names are unique because one writer is in at a time."""

    async def get(self, user_id: UserId) -> User:
        return _get(await self._desk.read(), user_id)

    async def lock(self, user_id: UserId) -> User:
        # The lock of the directory is held already.
        return _get(await self._desk.write(), user_id)

    async def find(self, identifier: Email | Username) -> User | None:
        tables = await self._desk.read()
        return tables.users.get(_owner(tables, identifier))

    async def list(self, selection: Selection, now: datetime) -> Page[User]:
        return select(await self._desk.read(), selection, now)

    async def add(self, user: User) -> None:
        _add(await self._desk.write(), user)

    async def save(self, user: User) -> None:
        tables = await self._desk.write()
        _refuse_taken(tables, user)
        tables.users.save(user)

    async def sign_in(self, user: User) -> None:
        tables = await self._desk.write()
        present = tables.users.get(user.id)
        if present is not None:
            tables.users.put(replace(present, last_sign_in_at=user.last_sign_in_at))

    async def remove(self, user_id: UserId) -> None:
        tables = await self._desk.write()
        _get(tables, user_id)
        for session_id in tables.sessions.remove_where(lambda one: one.user_id == user_id):
            tables.families.remove(session_id)
        tables.grants.remove_where(lambda grant: grant.user_id == user_id)
        tables.proofs.remove_where(lambda proof: proof.user_id == user_id)
        tables.partial_sessions.remove_where(lambda partial: partial.user_id == user_id)
        tables.passkeys.remove_where(lambda passkey: passkey.user_id == user_id)
        tables.totps.remove_where(lambda totp: totp.user_id == user_id)
        tables.recovery_codes.remove_where(lambda code: code.user_id == user_id)
        tables.api_keys.remove_where(lambda key: key.owner_id == user_id)
        tables.remembered.remove_where(lambda remembered: remembered.user_id == user_id)
        tables.devices.remove_where(lambda device: device.user_id == user_id)
        tables.factor_resets.remove(user_id)
        tables.passwords.remove(user_id)
        tables.users.remove(user_id)


class JsonPasswords(Repository):
    """See `limen.ports.passwords`."""

    async def find(self, user_id: UserId) -> PasswordCredential | None:
        return (await self._desk.read()).passwords.get(user_id)

    async def add(self, credential: PasswordCredential) -> None:
        tables = await self._desk.write()
        if credential.user_id not in tables.users:
            raise UserNotFound
        if credential.user_id in tables.passwords:
            raise ConcurrentUpdate
        tables.passwords.put(credential)

    async def save(self, credential: PasswordCredential) -> None:
        (await self._desk.write()).passwords.save(credential)

    async def remove(self, user_id: UserId) -> None:
        (await self._desk.write()).passwords.remove(user_id)


class JsonAccounts(Repository):
    """See `limen.ports.accounts`."""

    async def add(self, accounts: Sequence[Account]) -> tuple[ImportOutcome, ...]:
        tables = await self._desk.write()
        if not all(grant.role in tables.roles for account in accounts for grant in account.grants):
            raise RoleNotFound
        return tuple(_add_account(tables, account) for account in accounts)

    async def list(self, *, after: UserId | None = None, limit: int = 500) -> tuple[Account, ...]:
        tables = await self._desk.read()
        # Written out, UUIDs sort as they do themselves.
        behind = sorted(key for key in tables.users.rows if after is None or key > str(after))
        users = (tables.users.get(key) for key in behind[:limit])
        return tuple(_account(tables, user) for user in users if user is not None)


def _get(tables: Tables, user_id: UserId) -> User:
    user = tables.users.get(user_id)
    if user is None:
        raise UserNotFound
    return user


def _owner(tables: Tables, identifier: Email | Username) -> str | None:
    field = "email" if isinstance(identifier, Email) else "username"
    for user_id, row in tables.users.rows.items():
        if row[field] is not None and row[field]["key"] == identifier.key:
            return user_id
    return None


def _refuse_taken(tables: Tables, user: User) -> None:
    if _owner(tables, user.email) not in {None, str(user.id)}:
        raise EmailTaken
    if user.username is not None and _owner(tables, user.username) not in {None, str(user.id)}:
        raise UsernameTaken


def _add(tables: Tables, user: User) -> None:
    _refuse_taken(tables, user)
    if user.id in tables.users:
        raise ConcurrentUpdate
    tables.users.put(user)


def _add_account(tables: Tables, account: Account) -> ImportOutcome:
    try:
        _add(tables, account.user)
    except EmailTaken:
        return ImportOutcome.EMAIL_TAKEN
    except UsernameTaken:
        return ImportOutcome.USERNAME_TAKEN
    if account.credential is not None:
        tables.passwords.put(account.credential)
    for grant in account.grants:
        tables.grants.put(grant)
    return ImportOutcome.ADDED


def _account(tables: Tables, user: User) -> Account:
    grants = sorted(tables.grants.where(user_id=user.id), key=lambda grant: grant.role)
    return Account(user=user, credential=tables.passwords.get(user.id), grants=tuple(grants))


# The type checker compares each class with its port here.
_conforms: tuple[type[Users], type[Passwords], type[Accounts]] = (
    JsonUsers,
    JsonPasswords,
    JsonAccounts,
)
