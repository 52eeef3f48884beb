"""Users in SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.engine import Desk
from limen.adapters.sql.selection import count_rows, fetch_page, position_of
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import users
from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.ids import UserId
from limen.core.page import Page, Selection
from limen.core.text import fold
from limen.core.users.model import Email, Status, User, UserKind, Username
from limen.ports.users import Users

COLUMNS: Final = (
    users.c.id,
    users.c.email,
    users.c.email_key,
    users.c.username,
    users.c.username_key,
    users.c.name,
    users.c.locale,
    users.c.status,
    users.c.attributes,
    users.c.email_verified_at,
    users.c.first_verified_at,
    users.c.created_at,
    users.c.updated_at,
    users.c.last_sign_in_at,
    users.c.kind,
    users.c.version,
)

_CHANGED: Final = {c: bindparam(c.name, type_=c.type) for c in users.c if c is not users.c.id}

_GET: Final = Statement(select(*COLUMNS).where(users.c.id == bindparam("id")))
# Not FOR UPDATE: those who add a session or a grant of this user need not wait.
_LOCK: Final = Statement(
    select(*COLUMNS).where(users.c.id == bindparam("id")).with_for_update(key_share=True),
    locks=True,
)
_FIND_BY_EMAIL: Final = Statement(select(*COLUMNS).where(users.c.email_key == bindparam("key")))
_FIND_BY_NAME: Final = Statement(select(*COLUMNS).where(users.c.username_key == bindparam("key")))
_ADD: Final = Statement(insert(users))
_SAVE: Final = Statement(
    update(users)
    .where(users.c.id == bindparam("id"), users.c.version == bindparam("previous"))
    .values(_CHANGED)
)
_SIGN_IN: Final = Statement(
    update(users)
    .where(users.c.id == bindparam("id"))
    .values(last_sign_in_at=bindparam("last_sign_in_at"))
)
_REMOVE: Final = Statement(delete(users).where(users.c.id == bindparam("id")))


class SqlUsers:
    """Keeps users; the database sees to it that their keys are unique."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def get(self, user_id: UserId) -> User:
        """Return the user."""
        return _found(await self._desk.fetch_one(_GET, id=user_id))

    async def lock(self, user_id: UserId) -> User:
        """Return the user, whose row nobody else can lock or change meanwhile."""
        return _found(await self._desk.fetch_one(_LOCK, id=user_id))

    async def find(self, identifier: Email | Username) -> User | None:
        """Return the user whose address or username has the identifier's key."""
        statement = _FIND_BY_EMAIL if isinstance(identifier, Email) else _FIND_BY_NAME
        row = await self._desk.fetch_one(statement, key=identifier.key)
        return None if row is None else read_user(row)

    async def list(self, selection: Selection, now: datetime) -> Page[User]:
        """Return the users that meet all conditions, in order, and where to go on."""
        rows, is_more = await fetch_page(self._desk, COLUMNS, selection, now)
        items = tuple(map(read_user, rows))
        return Page(
            items=items,
            total=await count_rows(self._desk, selection, now),
            next=position_of(items[-1], selection) if is_more else None,
        )

    async def add(self, user: User) -> None:
        """Add a new user."""
        await self._desk.execute(_ADD, **write_user(user))

    async def save(self, user: User) -> None:
        """Store a changed user over the version before it."""
        values = write_user(user)
        if not await self._desk.execute(_SAVE, **values, previous=user.version - 1):
            raise ConcurrentUpdate

    async def sign_in(self, user: User) -> None:
        """Store `last_sign_in_at` alone."""
        self._desk.defer(_SIGN_IN, id=user.id, last_sign_in_at=user.last_sign_in_at)

    async def remove(self, user_id: UserId) -> None:
        """Remove the user; what belongs to them goes by its foreign keys."""
        if not await self._desk.execute(_REMOVE, id=user_id):
            raise UserNotFound


def read_user(row: Row) -> User:
    """Return the user in a row of `COLUMNS`."""
    email, username = Email(row[1], row[2]), None
    if row[3] is not None:
        username = Username(row[3], row[4])
    return User(
        id=row[0],
        email=email,
        username=username,
        name=row[5],
        locale=row[6],
        status=Status(row[7]),
        attributes=row[8],
        email_verified_at=row[9],
        first_verified_at=row[10],
        created_at=row[11],
        updated_at=row[12],
        last_sign_in_at=row[13],
        kind=UserKind(row[14]),
        version=row[15],
    )


def write_user(user: User) -> Mapping[str, object]:
    """Return the user as a row."""
    username = user.username
    return {
        "id": user.id,
        "email": user.email.address,
        "email_key": user.email.key,
        "username": None if username is None else username.name,
        "username_key": None if username is None else username.key,
        "name": user.name,
        "name_key": fold(user.name),
        "locale": user.locale,
        "status": user.status,
        "attributes": user.attributes,
        "search_text": user.search_text,
        "email_verified_at": user.email_verified_at,
        "first_verified_at": user.first_verified_at,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "last_sign_in_at": user.last_sign_in_at,
        "kind": user.kind,
        "version": user.version,
    }


def _found(row: Row | None) -> User:
    if row is None:
        raise UserNotFound
    return read_user(row)


_conforms: type[Users] = SqlUsers
