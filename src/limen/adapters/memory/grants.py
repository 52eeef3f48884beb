"""Grants in memory."""

from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.errors import GrantNotFound, RoleNotFound, UserNotFound
from limen.core.ids import UserId
from limen.core.roles.model import ADMIN, Grant, Role
from limen.core.users.model import Status
from limen.ports.grants import Grants


class MemoryGrants:
    """Keeps the grants of each user, in order of role."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def put(self, grant: Grant) -> None:
        """Add the grant, or put it in place of the one for the same user and role."""
        rows = await self._desk.write()
        if grant.user_id not in rows.users:
            raise UserNotFound
        put_grant(rows, grant)

    @changes
    async def remove(self, user_id: UserId, role: str) -> None:
        """Remove the grant."""
        rows = await self._desk.write()
        present = rows.grants.get(user_id) or ()
        kept = tuple(grant for grant in present if grant.role != role)
        if kept == present:
            raise GrantNotFound
        rows.grants.put(user_id, kept)

    async def list(self, user_id: UserId) -> tuple[Grant, ...]:
        """Return the user's grants, ended ones too, in order of role."""
        rows = await self._desk.read()
        return rows.grants.get(user_id) or ()

    async def list_held(self, user_id: UserId, now: datetime) -> tuple[Role, ...]:
        """Return the roles an active user holds now, in order of name."""
        rows = await self._desk.read()
        if not _is_active(rows, user_id):
            return ()
        held = (grant for grant in rows.grants.get(user_id) or () if grant.is_live(now))
        return tuple(rows.roles[grant.role] for grant in held)

    async def count_administrators(self, *, besides: UserId) -> int:
        """Count the other active people whose `admin` grant has no end."""
        rows = await self._desk.read()
        return sum(
            grant.role == ADMIN and grant.ends_at is None and _is_somebody(rows, grant.user_id)
            for grants in rows.grants.values()
            for grant in grants
            if grant.user_id != besides
        )

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove grants that ended before `before`."""
        rows = await self._desk.write()
        everybody = (grant for grants in rows.grants.values() for grant in grants)
        over = (grant for grant in everybody if grant.ends_at and grant.ends_at < before)
        found = tuple(islice(over, limit))
        for grant in found:
            drop_grant(rows, grant)
        return len(found)


def drop_grant(rows: Rows, grant: Grant) -> None:
    """Take `grant` away from its user."""
    present = rows.grants.get(grant.user_id) or ()
    rows.grants.put(grant.user_id, tuple(other for other in present if other != grant))


def put_grant(rows: Rows, grant: Grant) -> None:
    """Put `grant` among those of its user, in order; raise `RoleNotFound`."""
    if grant.role not in rows.roles:
        raise RoleNotFound
    others = [g for g in rows.grants.get(grant.user_id) or () if g.role != grant.role]
    rows.grants.put(grant.user_id, tuple(sorted([*others, grant], key=lambda g: g.role)))


def _is_active(rows: Rows, user_id: UserId) -> bool:
    user = rows.users.get(user_id)
    return user is not None and user.status is Status.ACTIVE


def _is_somebody(rows: Rows, user_id: UserId) -> bool:
    user = rows.users.get(user_id)
    return user is not None and user.is_person and _is_active(rows, user_id)


_conforms: type[Grants] = MemoryGrants
