"""Where roles are kept."""

from datetime import datetime
from typing import Protocol

from limen.core.roles.model import Role


class Roles(Protocol):
    """Keeps roles. The built-in `admin` is there from the start."""

    async def get(self, name: str) -> Role:
        """Return the role; raise `RoleNotFound`."""
        ...

    async def list(self) -> tuple[Role, ...]:
        """Return all roles in order of name."""
        ...

    async def add(self, role: Role) -> None:
        """Add a new role; raise `RoleTaken`."""
        ...

    async def save(self, role: Role) -> None:
        """Store a changed role over the version before it.

        Raises `ConcurrentUpdate` if the stored version is not exactly one less.
        """
        ...

    async def remove(self, name: str, now: datetime) -> None:
        """Remove a role with its ended grants.

        Raises `RoleNotFound`, or `RoleInUse` while a grant that has not ended names it.
        """
        ...

    async def lock_administrators(self) -> None:
        """Make every other unit of work that asks for this wait until this one ends."""
        ...
