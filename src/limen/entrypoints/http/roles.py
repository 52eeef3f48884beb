"""Roles, permissions, and who has which."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from limen.core.ids import UserId
from limen.core.roles.service import RoleService
from limen.entrypoints.http.answers import Answered, created, plain, shown
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import expected_version
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import GrantOut, RoleOut, Success


class CreateRoleIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A new role."""

    name: str
    description: str = ""
    permissions: list[str] = []


class ReplaceRoleIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a role is for and what it allows; a description that is not given is emptied."""

    permissions: list[str]
    description: str = ""


class GrantRoleIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """How long a role is given for; without an end it is for good."""

    ends_at: datetime | None = None


class RoleController(Controller):
    """Roles."""

    path = "/roles"
    tags = ("Roles",)

    @get(
        "/",
        **described(
            "listRoles", "List all roles", refuses=(403,), rules=Rules(is_open_to_keys=True)
        ),
    )
    async def list_roles(
        self, request: CallRequest, roles: NamedDependency[RoleService]
    ) -> Answered[Success[list[RoleOut]]]:
        """Return all roles in order of name; needs `roles.read`."""
        return plain(list(map(RoleOut.of, await roles.list(actor=request.actor))))

    @post(
        "/",
        **described(
            "createRole",
            "Make a role",
            refuses=(403, 409),
            rules=Rules(is_fresh=True, is_open_to_keys=True, is_repeatable=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def create(
        self,
        request: CallRequest,
        roles: NamedDependency[RoleService],
        data: JSONBody[CreateRoleIn],
    ) -> Answered[Success[RoleOut]]:
        """Make a role that allows no more than oneself may; needs `roles.manage`."""
        role = await roles.create(
            name=data.name,
            description=data.description,
            permissions=data.permissions,
            actor=request.actor,
        )
        return created(request, RoleOut.of(role), "limen.getRole", role=role.name)

    @get(
        "/{role:str}",
        name="limen.getRole",
        **described(
            "getRole",
            "See a role",
            refuses=(403, 404),
            is_versioned=True,
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def see(
        self, request: CallRequest, roles: NamedDependency[RoleService], role: FromPath[str]
    ) -> Answered[Success[RoleOut]]:
        """Return a role; needs `roles.read`."""
        return shown(request, RoleOut.of(await roles.get(role, actor=request.actor)))

    @put(
        "/{role:str}",
        **described(
            "replaceRole",
            "Change what a role allows",
            refuses=(403, 404, 409, 412, 422),
            has_body=True,
            is_versioned=True,
            rules=Rules(is_open_to_keys=True, is_fresh=True),
        ),
    )
    async def replace(
        self,
        request: CallRequest,
        roles: NamedDependency[RoleService],
        role: FromPath[str],
        data: JSONBody[ReplaceRoleIn],
    ) -> Answered[Success[RoleOut]]:
        """Give a role another description and other permissions; needs `roles.manage`."""
        replaced = await roles.replace(
            role,
            description=data.description,
            permissions=data.permissions,
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, RoleOut.of(replaced))

    @delete(
        "/{role:str}",
        **described(
            "deleteRole",
            "Delete a role",
            refuses=(403, 404, 412, 422),
            is_versioned=True,
            rules=Rules(is_fresh=True, is_open_to_keys=True),
        ),
    )
    async def delete(
        self, request: CallRequest, roles: NamedDependency[RoleService], role: FromPath[str]
    ) -> None:
        """Remove a role that nobody has; needs `roles.manage`."""
        await roles.delete(
            role, expected_version=expected_version(request.call), actor=request.actor
        )


class PermissionController(Controller):
    """Permissions."""

    path = "/permissions"
    tags = ("Roles",)

    @get(
        "/",
        **described(
            "listPermissions",
            "List all permissions",
            refuses=(403,),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def list_permissions(
        self, request: CallRequest, roles: NamedDependency[RoleService]
    ) -> Answered[Success[list[str]]]:
        """Return every permission that limen or a role knows; needs `roles.read`."""
        return plain(list(await roles.list_permissions(actor=request.actor)))


class GrantController(Controller):
    """The roles of a user."""

    path = "/users/{user_id:str}/roles"
    tags = ("Users",)

    @get(
        "/",
        **described(
            "listGrants",
            "List the roles of a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def list_grants(
        self, request: CallRequest, roles: NamedDependency[RoleService], user_id: FromPath[UUID]
    ) -> Answered[Success[list[GrantOut]]]:
        """Return the roles a user has or had: one's own, or with `roles.read` anybody's."""
        grants = await roles.list_grants(UserId(user_id), actor=request.actor)
        return plain(list(map(GrantOut.of, grants)))

    @put(
        "/{role:str}",
        **described(
            "grantRole",
            "Give a user a role",
            refuses=(403, 404, 422),
            has_body=True,
            rules=Rules(is_fresh=True, is_open_to_keys=True),
        ),
    )
    async def grant(
        self,
        request: CallRequest,
        roles: NamedDependency[RoleService],
        user_id: FromPath[UUID],
        role: FromPath[str],
        data: JSONBody[GrantRoleIn],
    ) -> Answered[Success[GrantOut]]:
        """Give a role, for good or until `ends_at`; needs `roles.grant`."""
        grant = await roles.grant(UserId(user_id), role, ends_at=data.ends_at, actor=request.actor)
        return plain(GrantOut.of(grant))

    @delete(
        "/{role:str}",
        **described(
            "withdrawRole",
            "Take a role from a user",
            refuses=(403, 404, 422),
            rules=Rules(is_fresh=True, is_open_to_keys=True),
        ),
    )
    async def withdraw(
        self,
        request: CallRequest,
        roles: NamedDependency[RoleService],
        user_id: FromPath[UUID],
        role: FromPath[str],
    ) -> None:
        """Take a role away; needs `roles.grant`."""
        await roles.withdraw(UserId(user_id), role, actor=request.actor)
