"""Roles, grants and signing keys."""

from datetime import datetime
from itertools import pairwise

from examples.json_store.tables import Repository, Tables, grant_key
from limen.core.errors import (
    GrantNotFound,
    KeyTaken,
    RoleInUse,
    RoleNotFound,
    RoleTaken,
    UserNotFound,
)
from limen.core.ids import UserId
from limen.core.keys.model import SigningKey
from limen.core.roles.model import ADMIN, Grant, Role
from limen.core.users.model import Status
from limen.ports.grants import Grants
from limen.ports.keys import SigningKeys
from limen.ports.roles import Roles


class JsonRoles(Repository):
    """See `limen.ports.roles`."""

    async def get(self, name: str) -> Role:
        role = (await self._desk.read()).roles.get(name)
        if role is None:
            raise RoleNotFound
        return role

    async def list(self) -> tuple[Role, ...]:
        tables = await self._desk.read()
        return tuple(sorted(tables.roles.where(), key=lambda role: role.name))

    async def add(self, role: Role) -> None:
        tables = await self._desk.write()
        if role.name in tables.roles:
            raise RoleTaken
        tables.roles.put(role)

    async def save(self, role: Role) -> None:
        (await self._desk.write()).roles.save(role)

    async def remove(self, name: str, now: datetime) -> None:
        tables = await self._desk.write()
        if name not in tables.roles:
            raise RoleNotFound
        if any(grant.is_live(now) for grant in tables.grants.where(role=name)):
            raise RoleInUse
        tables.grants.remove_where(lambda grant: grant.role == name)
        tables.roles.remove(name)

    async def lock_administrators(self) -> None:
        # Whoever may write is alone until the unit of work ends.
        await self._desk.write()


class JsonGrants(Repository):
    """See `limen.ports.grants`."""

    async def put(self, grant: Grant) -> None:
        tables = await self._desk.write()
        if grant.user_id not in tables.users:
            raise UserNotFound
        if grant.role not in tables.roles:
            raise RoleNotFound
        tables.grants.put(grant)

    async def remove(self, user_id: UserId, role: str) -> None:
        tables = await self._desk.write()
        key = grant_key(user_id, role)
        if key not in tables.grants:
            raise GrantNotFound
        tables.grants.remove(key)

    async def list(self, user_id: UserId) -> tuple[Grant, ...]:
        tables = await self._desk.read()
        return tuple(sorted(tables.grants.where(user_id=user_id), key=lambda grant: grant.role))

    async def list_held(self, user_id: UserId, now: datetime) -> tuple[Role, ...]:
        tables = await self._desk.read()
        if not _is_active(tables, user_id):
            return ()
        held = {g.role for g in tables.grants.where(user_id=user_id) if g.is_live(now)}
        return tuple(sorted((r for r in tables.roles.where() if r.name in held), key=_name))

    async def count_administrators(self, *, besides: UserId) -> int:
        tables = await self._desk.read()
        others = tables.grants.where(role=ADMIN, ends_at=None)
        return sum(g.user_id != besides and _is_somebody(tables, g.user_id) for g in others)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.grants.remove_where(lambda grant: _had_ended(grant, before), limit))


class JsonSigningKeys(Repository):
    """See `limen.ports.keys`. The private halves come sealed and stay so."""

    async def list(self) -> tuple[SigningKey, ...]:
        return _in_order(await self._desk.read())

    async def add(self, key: SigningKey) -> None:
        tables = await self._desk.write()
        if key.id in tables.keys:
            raise KeyTaken
        tables.keys.put(key)

    async def lock(self) -> None:
        await self._desk.write()

    async def purge(self, before: datetime) -> int:
        tables = await self._desk.write()
        pairs = pairwise(_in_order(tables))
        replaced = {key.id for key, successor in pairs if successor.signs_from < before}
        return len(tables.keys.remove_where(lambda key: key.id in replaced))


def _had_ended(grant: Grant, before: datetime) -> bool:
    return grant.ends_at is not None and grant.ends_at < before


def _is_active(tables: Tables, user_id: UserId) -> bool:
    user = tables.users.get(user_id)
    return user is not None and user.status is Status.ACTIVE


def _is_somebody(tables: Tables, user_id: UserId) -> bool:
    user = tables.users.get(user_id)
    return user is not None and user.is_person and user.status is Status.ACTIVE


def _in_order(tables: Tables) -> tuple[SigningKey, ...]:
    return tuple(sorted(tables.keys.where(), key=lambda key: (key.signs_from, key.id)))


def _name(role: Role) -> str:
    return role.name


_conforms: tuple[type[Roles], type[Grants], type[SigningKeys]] = (
    JsonRoles,
    JsonGrants,
    JsonSigningKeys,
)
