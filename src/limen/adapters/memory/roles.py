"""Roles in memory."""

from datetime import datetime

from limen.adapters.memory.grants import drop_grant
from limen.adapters.memory.store import Desk, changes
from limen.core.errors import ConcurrentUpdate, RoleInUse, RoleNotFound, RoleTaken
from limen.core.roles.model import Role
from limen.ports.roles import Roles


class MemoryRoles:
    """Keeps roles by name."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def get(self, name: str) -> Role:
        """Return the role."""
        rows = await self._desk.read()
        role = rows.roles.get(name)
        if role is None:
            raise RoleNotFound
        return role

    async def list(self) -> tuple[Role, ...]:
        """Return all roles in order of name."""
        rows = await self._desk.read()
        return tuple(sorted(rows.roles.values(), key=lambda role: role.name))

    @changes
    async def add(self, role: Role) -> None:
        """Add a new role."""
        rows = await self._desk.write()
        if role.name in rows.roles:
            raise RoleTaken
        rows.roles.put(role.name, role)

    @changes
    async def save(self, role: Role) -> None:
        """Store a changed role over the version before it."""
        rows = await self._desk.write()
        present = rows.roles.get(role.name)
        if present is None or present.version != role.version - 1:
            raise ConcurrentUpdate
        rows.roles.put(role.name, role)

    @changes
    async def remove(self, name: str, now: datetime) -> None:
        """Remove a role that nobody holds, with its ended grants."""
        rows = await self._desk.write()
        if name not in rows.roles:
            raise RoleNotFound
        named = [grant for grants in rows.grants.values() for grant in grants if grant.role == name]
        if any(grant.is_live(now) for grant in named):
            raise RoleInUse
        for grant in named:
            drop_grant(rows, grant)
        rows.roles.pop(name)

    async def lock_administrators(self) -> None:
        """Do nothing more: this unit of work is alone until it ends."""
        await self._desk.write()


_conforms: type[Roles] = MemoryRoles
