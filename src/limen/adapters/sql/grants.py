"""Grants in SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import roles as role_rows
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import grants, roles, users
from limen.core.errors import GrantNotFound
from limen.core.ids import UserId
from limen.core.roles.model import ADMIN, Grant, Role
from limen.core.users.model import Status, UserKind
from limen.ports.grants import Grants

COLUMNS: Final = (grants.c.user_id, grants.c.role, grants.c.granted_at, grants.c.ends_at)

_PUT: Final = Statement(
    insert(grants).on_conflict_do_update(
        index_elements=[grants.c.user_id, grants.c.role],
        set_={
            "granted_at": insert(grants).excluded.granted_at,
            "ends_at": insert(grants).excluded.ends_at,
        },
    )
)
_REMOVE: Final = Statement(
    delete(grants).where(
        grants.c.user_id == bindparam("user_id"), grants.c.role == bindparam("role")
    )
)
_LIST: Final = Statement(
    select(*COLUMNS).where(grants.c.user_id == bindparam("user_id")).order_by(grants.c.role)
)
_LIST_HELD: Final = Statement(
    select(*role_rows.COLUMNS)
    .join_from(grants, roles)
    .join(users, users.c.id == grants.c.user_id)
    .where(
        grants.c.user_id == bindparam("user_id"),
        users.c.status == bindparam("active"),
        or_(grants.c.ends_at.is_(None), grants.c.ends_at > bindparam("now")),
    )
    .order_by(roles.c.name)
)
_COUNT_ADMINISTRATORS: Final = Statement(
    select(func.count())
    .select_from(grants)
    .join(users)
    .where(
        grants.c.role == bindparam("role"),
        grants.c.ends_at.is_(None),
        grants.c.user_id != bindparam("besides"),
        users.c.status == bindparam("active"),
        users.c.kind == bindparam("person"),
    )
)
_IS_OVER: Final = grants.c.ends_at < bindparam("before")
_OVER: Final = select(grants.c.user_id, grants.c.role).where(_IS_OVER).limit(bindparam("limit"))
# Asked twice: a grant that is being renewed is looked at again once it is.
_PURGE: Final = Statement(
    delete(grants).where(tuple_(grants.c.user_id, grants.c.role).in_(_OVER), _IS_OVER)
)


class SqlGrants:
    """Keeps grants by user and role."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def put(self, grant: Grant) -> None:
        """Add the grant, or put it in place of the one for the same user and role."""
        await self._desk.execute(_PUT, **write_grant(grant))

    async def remove(self, user_id: UserId, role: str) -> None:
        """Remove the grant."""
        if not await self._desk.execute(_REMOVE, user_id=user_id, role=role):
            raise GrantNotFound

    async def list(self, user_id: UserId) -> tuple[Grant, ...]:
        """Return the user's grants, ended ones too, in order of role."""
        return tuple(map(read_grant, await self._desk.fetch_all(_LIST, user_id=user_id)))

    async def list_held(self, user_id: UserId, now: datetime) -> tuple[Role, ...]:
        """Return the roles an active user holds now, in order of name."""
        rows = await self._desk.fetch_all(
            _LIST_HELD, user_id=user_id, now=now, active=Status.ACTIVE
        )
        return tuple(map(role_rows.read_role, rows))

    async def count_administrators(self, *, besides: UserId) -> int:
        """Count the other active people whose `admin` grant has no end."""
        row = await self._desk.fetch_one(
            _COUNT_ADMINISTRATORS,
            role=ADMIN,
            besides=besides,
            active=Status.ACTIVE,
            person=UserKind.PERSON,
        )
        return row[0] if row else 0

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove grants that ended before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def read_grant(row: Row) -> Grant:
    """Return the grant in a row of `COLUMNS`."""
    return Grant(user_id=row[0], role=row[1], granted_at=row[2], ends_at=row[3])


def write_grant(grant: Grant) -> Mapping[str, object]:
    """Return the grant as a row."""
    return {
        "user_id": grant.user_id,
        "role": grant.role,
        "granted_at": grant.granted_at,
        "ends_at": grant.ends_at,
    }


_conforms: type[Grants] = SqlGrants
