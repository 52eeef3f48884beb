"""Roles and their permissions in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import COMMA, Turn
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Bulk, Row, Statement
from limen.adapters.sql.tables import grants, role_permissions, roles
from limen.core.errors import ConcurrentUpdate, RoleNotFound
from limen.core.roles.model import Role
from limen.ports.roles import Roles

# Numbers of PostgreSQL's advisory locks are shared by everything in a database: "limen", roles.
_LOCK_NUMBER: Final = 0x6C696D656E_02

# Names of permissions hold no comma: all of a role come in one text, and no question per role.
_PERMISSIONS: Final = (
    select(func.aggregate_strings(role_permissions.c.permission, COMMA))
    .where(role_permissions.c.role == roles.c.name)
    .scalar_subquery()
)
COLUMNS: Final = (
    roles.c.name,
    roles.c.description,
    roles.c.created_at,
    roles.c.updated_at,
    roles.c.version,
    _PERMISSIONS,
)

_GET: Final = Statement(select(*COLUMNS).where(roles.c.name == bindparam("name")))
_LIST: Final = Statement(select(*COLUMNS).order_by(roles.c.name))
_ADD: Final = Statement(insert(roles))
_SAVE: Final = Statement(
    update(roles)
    .where(roles.c.name == bindparam("name"), roles.c.version == bindparam("previous"))
    .values(
        description=bindparam("description"),
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
        version=bindparam("version"),
    )
)
_REMOVE_ENDED: Final = Statement(
    delete(grants).where(grants.c.role == bindparam("name"), grants.c.ends_at <= bindparam("now"))
)
_REMOVE: Final = Statement(delete(roles).where(roles.c.name == bindparam("name")))
_FORBID_ALL: Final = Statement(
    delete(role_permissions).where(role_permissions.c.role == bindparam("role"))
)
_ALLOW: Final = Bulk(role_permissions)
_LOCK: Final = Statement(select(Turn(_LOCK_NUMBER)), locks=True)


class SqlRoles:
    """Keeps roles by name, and each permission of a role in a row of its own."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def get(self, name: str) -> Role:
        """Return the role."""
        row = await self._desk.fetch_one(_GET, name=name)
        if row is None:
            raise RoleNotFound
        return read_role(row)

    async def list(self) -> tuple[Role, ...]:
        """Return all roles in order of name."""
        return tuple(map(read_role, await self._desk.fetch_all(_LIST)))

    async def add(self, role: Role) -> None:
        """Add a new role."""
        await self._desk.execute(
            _ADD,
            name=role.name,
            description=role.description,
            created_at=role.created_at,
            updated_at=role.updated_at,
            version=role.version,
        )
        await self._allow(role)

    async def save(self, role: Role) -> None:
        """Store a changed role over the version before it."""
        changed = await self._desk.execute(
            _SAVE,
            name=role.name,
            description=role.description,
            created_at=role.created_at,
            updated_at=role.updated_at,
            version=role.version,
            previous=role.version - 1,
        )
        if not changed:
            raise ConcurrentUpdate
        self._desk.defer(_FORBID_ALL, role=role.name)
        await self._allow(role)

    async def remove(self, name: str, now: datetime) -> None:
        """Remove a role and its ended grants: any other holds it by its foreign key."""
        self._desk.defer(_REMOVE_ENDED, name=name, now=now)
        if not await self._desk.execute(_REMOVE, name=name):
            raise RoleNotFound

    async def lock_administrators(self) -> None:
        """Wait for every other unit of work that asked for this."""
        await self._desk.fetch_one(_LOCK)

    async def _allow(self, role: Role) -> None:
        rows = [{"role": role.name, "permission": name} for name in sorted(role.permissions)]
        await self._desk.insert(_ALLOW, rows)


def read_role(row: Row) -> Role:
    """Return the role in a row of `COLUMNS`."""
    return Role(
        name=row[0],
        description=row[1],
        created_at=row[2],
        updated_at=row[3],
        version=row[4],
        permissions=frozenset(row[5].split(",")) if row[5] else frozenset(),
    )


_conforms: type[Roles] = SqlRoles
