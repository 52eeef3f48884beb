"""Whole accounts in and out of memory."""

from collections.abc import Sequence

from limen.adapters.memory.grants import put_grant
from limen.adapters.memory.store import Desk, Rows, changes
from limen.adapters.memory.users import add_user, copied
from limen.core.errors import EmailTaken, RoleNotFound, UsernameTaken
from limen.core.ids import UserId
from limen.core.imports.model import ImportOutcome
from limen.core.users.model import User
from limen.ports.accounts import Account, Accounts


class MemoryAccounts:
    """Moves accounts through the other repositories' rows."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, accounts: Sequence[Account]) -> tuple[ImportOutcome, ...]:
        """Add each account whole or not at all; return what became of each, in order."""
        rows = await self._desk.write()
        if not all(grant.role in rows.roles for account in accounts for grant in account.grants):
            raise RoleNotFound
        return tuple(_add(rows, account) for account in accounts)

    async def list(self, *, after: UserId | None = None, limit: int = 500) -> tuple[Account, ...]:
        """Return up to `limit` accounts behind `after`, in order of user id."""
        rows = await self._desk.read()
        behind = [user for user in rows.users.values() if after is None or user.id > after]
        behind.sort(key=lambda user: user.id)
        return tuple(_account(rows, user) for user in behind[:limit])


def _add(rows: Rows, account: Account) -> ImportOutcome:
    try:
        add_user(rows, account.user)
    except EmailTaken:
        return ImportOutcome.EMAIL_TAKEN
    except UsernameTaken:
        return ImportOutcome.USERNAME_TAKEN
    if account.credential is not None:
        rows.passwords.put(account.user.id, account.credential)
    for grant in account.grants:
        put_grant(rows, grant)
    return ImportOutcome.ADDED


def _account(rows: Rows, user: User) -> Account:
    return Account(
        user=copied(user),
        credential=rows.passwords.get(user.id),
        grants=rows.grants.get(user.id) or (),
    )


_conforms: type[Accounts] = MemoryAccounts
