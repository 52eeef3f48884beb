"""Whole accounts in and out of SQL."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Text, column, or_, select
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import grants as grant_rows
from limen.adapters.sql import passwords as password_rows
from limen.adapters.sql import users as user_rows
from limen.adapters.sql.columns import TextList, listed
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Bulk, Row, Statement
from limen.adapters.sql.tables import grants, passwords, roles, users
from limen.core.errors import ConcurrentUpdate, RoleNotFound
from limen.core.ids import UserId
from limen.core.imports.model import ImportOutcome
from limen.core.roles.model import Grant
from limen.core.users.model import User
from limen.ports.accounts import Account, Accounts

_CREDENTIAL_AT: Final = len(user_rows.COLUMNS)
_TRIES: Final = 3


def _given(name: str) -> Select[Any]:
    texts = listed(bindparam(name, type_=TextList))
    return select(texts.table_valued(column("value", Text), name="value").c.value)


_TAKEN: Final = Statement(
    select(users.c.id, users.c.email_key, users.c.username_key).where(
        or_(users.c.email_key.in_(_given("emails")), users.c.username_key.in_(_given("usernames")))
    )
)
_KNOWN_ROLES: Final = Statement(select(roles.c.name).where(roles.c.name.in_(_given("names"))))
_ADD_USERS: Final = Bulk(users, skips_taken=True)
_ADD_CREDENTIALS: Final = Bulk(passwords)
_ADD_GRANTS: Final = Bulk(grants)

_ACCOUNTS: Final = (
    select(*user_rows.COLUMNS, *password_rows.COLUMNS)
    .outerjoin_from(users, passwords)
    .order_by(users.c.id)
    .limit(bindparam("limit"))
)
_LIST: Final = Statement(_ACCOUNTS)
_LIST_BEHIND: Final = Statement(_ACCOUNTS.where(users.c.id > bindparam("after")))
_LIST_GRANTS: Final = Statement(
    select(*grant_rows.COLUMNS)
    .where(grants.c.user_id.between(bindparam("first"), bindparam("last")))
    .order_by(grants.c.user_id, grants.c.role)
)


class SqlAccounts:
    """Moves accounts by the batch: the number of questions does not depend on its size."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, accounts: Sequence[Account]) -> tuple[ImportOutcome, ...]:
        """Add each account whole or not at all; return what became of each, in order."""
        await self._refuse_unknown_roles(accounts)
        outcomes, added = await self._add_users([account.user for account in accounts])
        new = [account for account in accounts if account.user.id in added]
        await self._desk.insert(
            _ADD_CREDENTIALS,
            [password_rows.write_credential(a.credential) for a in new if a.credential],
        )
        await self._desk.insert(
            _ADD_GRANTS,
            [grant_rows.write_grant(grant) for account in new for grant in account.grants],
        )
        return outcomes

    async def list(self, *, after: UserId | None = None, limit: int = 500) -> tuple[Account, ...]:
        """Return up to `limit` accounts behind `after`, in order of user id."""
        statement = _LIST if after is None else _LIST_BEHIND
        rows = await self._desk.fetch_all(statement, after=after, limit=limit)
        if not rows:
            return ()
        found = await self._desk.fetch_all(_LIST_GRANTS, first=rows[0][0], last=rows[-1][0])
        granted = {
            user_id: tuple(map(grant_rows.read_grant, of_user))
            for user_id, of_user in groupby(found, key=lambda row: row[0])
        }
        return tuple(_read(row, granted.get(row[0], ())) for row in rows)

    async def _refuse_unknown_roles(self, accounts: Sequence[Account]) -> None:
        names = {grant.role for account in accounts for grant in account.grants}
        if names and len(await self._desk.fetch_all(_KNOWN_ROLES, names=sorted(names))) < len(
            names
        ):
            raise RoleNotFound

    async def _add_users(
        self, wanted: Sequence[User]
    ) -> tuple[tuple[ImportOutcome, ...], frozenset[UserId]]:
        """Add the users whose keys are free; again if somebody took one of them just now."""
        inserted = 0
        for _ in range(_TRIES):
            outcomes = await self._decide(wanted)
            pairs = zip(wanted, outcomes, strict=True)
            new = [user for user, outcome in pairs if outcome is ImportOutcome.ADDED]
            # In one order for all: two imports with the same people do not block each other.
            rows = [user_rows.write_user(user) for user in sorted(new, key=lambda u: u.email.key)]
            inserted += await self._desk.insert(_ADD_USERS, rows)
            if inserted == len(new):
                return outcomes, frozenset(user.id for user in new)
        raise ConcurrentUpdate

    async def _decide(self, wanted: Sequence[User]) -> tuple[ImportOutcome, ...]:
        taken = await self._desk.fetch_all(
            _TAKEN,
            emails=[user.email.key for user in wanted],
            usernames=[user.username.key for user in wanted if user.username],
        )
        emails: dict[str, UUID] = {row[1]: row[0] for row in taken}
        usernames: dict[str, UUID] = {row[2]: row[0] for row in taken if row[2] is not None}
        return tuple(_take(user, emails, usernames) for user in wanted)


def _take(user: User, emails: dict[str, UUID], usernames: dict[str, UUID]) -> ImportOutcome:
    """Take the user's keys unless somebody else has one of them."""
    name = user.username
    if emails.get(user.email.key, user.id) != user.id:
        return ImportOutcome.EMAIL_TAKEN
    if name is not None and usernames.setdefault(name.key, user.id) != user.id:
        return ImportOutcome.USERNAME_TAKEN
    emails[user.email.key] = user.id
    return ImportOutcome.ADDED


def _read(row: Row, granted: tuple[Grant, ...]) -> Account:
    credential = row[_CREDENTIAL_AT:]
    return Account(
        user=user_rows.read_user(row),
        credential=None if credential[0] is None else password_rows.read_credential(credential),
        grants=granted,
    )


_conforms: type[Accounts] = SqlAccounts
