"""What can be done with roles, and who has them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from limen.core.access import (
    authorise,
    authorise_over,
    keep_an_administrator,
    require_fresh_person,
)
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import InvalidInput, RoleNotFound, VersionMismatch
from limen.core.events import (
    RoleCreated,
    RoleDeleted,
    RoleGranted,
    RoleReplaced,
    RoleWithdrawn,
)
from limen.core.ids import UserId
from limen.core.reading import Reader
from limen.core.roles.model import (
    ADMIN,
    Grant,
    Permission,
    Role,
    parse_description,
    parse_permissions,
    parse_role_name,
    permissions_of,
    refuse_beyond,
    refuse_more_by_key,
    role_name_or_none,
)
from limen.core.signin.levels import FactorPolicy, end_sessions_without_factor
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class RoleService:
    """Roles and grants. Nobody gives, takes or shapes a role that may do more than they may.

    Methods raise `NotSignedIn`, `PermissionMissing` or `BeyondOwnPermissions` when the actor may
    not.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient, factors: FactorPolicy
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._factors = factors

    async def list(self, *, actor: Actor) -> tuple[Role, ...]:
        """Return all roles in order of name; needs `roles.read`."""
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.ROLES_READ, self._ambient.clock.now())
            return await view.roles.list()

    async def get(self, name: str, *, actor: Actor) -> Role:
        """Return a role; needs `roles.read`. Raises `RoleNotFound`."""
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.ROLES_READ, self._ambient.clock.now())
            return await view.roles.get(_known(name))

    async def list_permissions(self, *, actor: Actor) -> tuple[str, ...]:
        """Return every permission name that limen or a role knows; needs `roles.read`."""
        roles = await self.list(actor=actor)
        named = frozenset[str]().union(*(role.permissions for role in roles))
        return tuple(sorted(named | {permission.value for permission in Permission}))

    async def create(
        self, *, actor: Actor, name: str, description: str = "", permissions: Iterable[str] = ()
    ) -> Role:
        """Make a role; needs `roles.manage`.

        A key gives it no permission that it does not hold itself. Raises `InvalidInput`,
        `RoleTaken`, and of people what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        role = _read_role(name, description, permissions, now)
        async with self._unit_of_work() as uow:
            held = await authorise(uow, actor, Permission.ROLES_MANAGE, now)
            await require_fresh_person(uow, actor, now)
            refuse_beyond(held, role.permissions)
            if actor.is_key:
                refuse_more_by_key(held, role.permissions)
            await uow.roles.add(role)
            uow.emit(
                RoleCreated(
                    at=now,
                    actor=actor,
                    role=role.name,
                    permissions=tuple(sorted(role.permissions)),
                )
            )
            await uow.commit()
        return role

    async def replace(
        self,
        name: str,
        *,
        actor: Actor,
        description: str = "",
        permissions: Iterable[str] = (),
        expected_version: int | None = None,
    ) -> Role:
        """Give a role another description and other permissions; needs `roles.manage`.

        A key adds none that it does not hold itself, of an application either. Raises
        `RoleNotFound`, `RoleBuiltIn`, `InvalidInput`, `VersionMismatch`, and of people what
        `require_fresh` does: those who hold the role may do at once what it allows.
        """
        now = self._ambient.clock.now()
        read = _read_role(name, description, permissions, now)
        async with self._unit_of_work() as uow:
            held = await authorise(uow, actor, Permission.ROLES_MANAGE, now)
            await require_fresh_person(uow, actor, now)
            role = await uow.roles.get(_known(name))
            _expect(role, expected_version)
            replaced = role.replaced(read.description, read.permissions, now)
            refuse_beyond(held, role.permissions | replaced.permissions)
            if actor.is_key:
                refuse_more_by_key(held, replaced.permissions - role.permissions)
            await uow.roles.save(replaced)
            uow.emit(
                RoleReplaced(
                    at=now,
                    actor=actor,
                    role=name,
                    permissions=tuple(sorted(replaced.permissions)),
                )
            )
            await uow.commit()
        return replaced

    async def delete(self, name: str, *, actor: Actor, expected_version: int | None = None) -> None:
        """Remove a role nobody holds; needs `roles.manage`.

        A key removes none that it could not make. Raises `RoleNotFound`, `RoleBuiltIn`,
        `RoleInUse`, `VersionMismatch`, and of people what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            held = await authorise(uow, actor, Permission.ROLES_MANAGE, now)
            await require_fresh_person(uow, actor, now)
            role = await uow.roles.get(_known(name))
            _expect(role, expected_version)
            role.refuse_built_in()
            refuse_beyond(held, role.permissions)
            if actor.is_key:
                refuse_more_by_key(held, role.permissions)
            await uow.roles.remove(name, now)
            uow.emit(RoleDeleted(at=now, actor=actor, role=name))
            await uow.commit()

    async def list_grants(self, user_id: UserId, *, actor: Actor) -> tuple[Grant, ...]:
        """Return the grants of a user, ended ones too; another's need `roles.read`.

        Which of them count at a moment, `grant.is_live(now)` says. Raises `UserNotFound`.
        """
        async with self._unit_of_work.view() as view:
            if not actor.owns(user_id):
                await authorise(view, actor, Permission.ROLES_READ, self._ambient.clock.now())
                await view.users.get(user_id)
            return await view.grants.list(user_id)

    async def grant(
        self, user_id: UserId, role: str, *, actor: Actor, ends_at: datetime | None = None
    ) -> Grant:
        """Give a user a role, for good or until `ends_at`; needs `roles.grant`.

        Takes the place of an earlier grant of the same role. A key gives no permission that it does
        not hold itself, of an application either. If the role asks for a second factor, sessions
        without one end. Raises `UserNotFound`, `RoleNotFound`, `LastAdministrator`, `InvalidInput`
        for an end that has passed, and of people what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        end = None if ends_at is None else _read_end(ends_at, now)
        grant = Grant(user_id=user_id, role=role, granted_at=now, ends_at=end)
        async with self._unit_of_work() as uow:
            held = await authorise_over(uow, actor, Permission.ROLES_GRANT, user_id, now)
            await require_fresh_person(uow, actor, now)
            if role == ADMIN and end is not None:
                await keep_an_administrator(uow, user_id, now)
            given = permissions_of([await uow.roles.get(_known(role))])
            refuse_beyond(held, given)
            if actor.is_key:
                refuse_more_by_key(held, given)
            await uow.users.lock(user_id)
            await uow.grants.put(grant)
            uow.emit(RoleGranted(at=now, actor=actor, user_id=user_id, role=role, ends_at=end))
            await end_sessions_without_factor(uow, self._factors, grant, actor)
            await uow.commit()
        return grant

    async def withdraw(self, user_id: UserId, role: str, *, actor: Actor) -> None:
        """Take a role from a user; needs `roles.grant`.

        A key takes none that it could not give. Raises `UserNotFound`, `GrantNotFound`,
        `LastAdministrator`, and of people what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            held = await authorise_over(uow, actor, Permission.ROLES_GRANT, user_id, now)
            await require_fresh_person(uow, actor, now)
            await uow.users.get(user_id)
            if role == ADMIN:
                await keep_an_administrator(uow, user_id, now)
            if actor.is_key:
                await _refuse_to_take(uow, held, role)
            await uow.grants.remove(user_id, _known(role))
            uow.emit(RoleWithdrawn(at=now, actor=actor, user_id=user_id, role=role))
            await uow.commit()


async def _refuse_to_take(uow: UnitOfWork, held: frozenset[str], name: str) -> None:
    """Refuse a key to take what it could not give."""
    for role in await uow.roles.list():
        if role.name == name:
            refuse_more_by_key(held, role.permissions)


def _read_role(name: str, description: str, permissions: Iterable[str], now: datetime) -> Role:
    reader = Reader()
    read_name = reader.read("name", parse_role_name, name)
    read_description = reader.read("description", parse_description, description)
    read_permissions = reader.read("permissions", parse_permissions, permissions)
    if read_name is None or read_description is None or read_permissions is None:
        raise InvalidInput(details=reader.faults)
    return Role(
        name=read_name,
        description=read_description,
        permissions=read_permissions,
        created_at=now,
        updated_at=now,
    )


def _read_end(ends_at: datetime, now: datetime) -> datetime:
    """Return the end of a grant in UTC, which every store can hold."""
    reader = Reader()
    if ends_at.tzinfo is None:
        reader.fault("ends_at", "invalid", "must have an offset, such as Z")
    elif ends_at <= now:
        reader.fault("ends_at", "in_the_past", "must lie in the future")
    reader.refuse_faults()
    try:
        return ends_at.astimezone(UTC)
    except OverflowError:
        reader.fault("ends_at", "invalid", "must lie before the year 10000 in UTC")
        raise InvalidInput(details=reader.faults) from None


def _known(name: str) -> str:
    """Return the name of a role that may be there; raise `RoleNotFound` where none can."""
    if role_name_or_none(name) is None:
        raise RoleNotFound
    return name


def _expect(role: Role, version: int | None) -> None:
    if version is not None and role.version != version:
        raise VersionMismatch
