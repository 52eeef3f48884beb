"""Where it is kept who has which role."""

from datetime import datetime
from typing import Protocol

from limen.core.ids import UserId
from limen.core.roles.model import Grant, Role


class Grants(Protocol):
    """Keeps grants, at most one for each user and role."""

    async def put(self, grant: Grant) -> None:
        """Add the grant, or put it in place of the one for the same user and role.

        Raises `UserNotFound` or `RoleNotFound`.
        """
        ...

    async def remove(self, user_id: UserId, role: str) -> None:
        """Remove the grant; raise `GrantNotFound`."""
        ...

    async def list(self, user_id: UserId) -> tuple[Grant, ...]:
        """Return the user's grants, ended ones too, in order of role."""
        ...

    async def list_held(self, user_id: UserId, now: datetime) -> tuple[Role, ...]:
        """Return the roles an *active* user holds now, in order of name; else none."""
        ...

    async def count_administrators(self, *, besides: UserId) -> int:
        """Count the active people other than `besides` whose `admin` grant has no end."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove at most `limit` grants that ended before `before`; return how many."""
        ...
