"""Users, for administrators."""

from typing import Any, Final, Literal
from uuid import UUID

from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from limen.core.ids import UserId
from limen.core.users.directory import DEFAULT_SORT, FIELDS
from limen.core.users.model import Status
from limen.core.users.service import UserService
from limen.entrypoints.http.answers import Answered, created, shown
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import expected_version
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.fields import maybe
from limen.entrypoints.http.listing import listed, read_list
from limen.entrypoints.http.rules import ListOf, Query, Rules
from limen.entrypoints.shapes import Success, UserOut

LIST: Final = ListOf(name="User", shape=UserOut, fields=FIELDS, default_sort=DEFAULT_SORT)


class CreateUserIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A new account for somebody else. Without a password nobody can sign in to it yet."""

    email: str
    username: str | None = None
    name: str = ""
    locale: str | None = None
    attributes: dict[str, Any] = {}
    status: Literal["pending", "active", "suspended"] = "active"
    email_verified: bool = False
    password: str | None = None


class ReplaceUserIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A whole profile; what is not given is emptied."""

    email: str
    username: str | None = None
    name: str = ""
    locale: str | None = None
    attributes: dict[str, Any] = {}


class UpdateUserIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes to a profile as a merge patch (RFC 7396): what is not given stays."""

    email: str | UnsetType = UNSET
    username: str | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    locale: str | UnsetType | None = UNSET
    attributes: dict[str, Any] | UnsetType | None = UNSET


class UserController(Controller):
    """All users."""

    path = "/users"
    tags = ("Users",)

    @get(
        "/",
        **described(
            "listUsers",
            "List users",
            refuses=(403, 422),
            rules=Rules(is_open_to_keys=True, query=Query.LIST, lists=LIST),
        ),
    )
    async def list_users(
        self, request: CallRequest, users: NamedDependency[UserService]
    ) -> Answered[Success[list[UserOut]]]:
        """Find users by filter, search and sort; needs `users.read`."""
        query = read_list(request, UserOut)
        listing = await users.list(query.core, actor=request.actor)
        return listed(request, query, listing, list(map(UserOut.of, listing.items)))

    @post(
        "/",
        **described(
            "createUser",
            "Make an account for somebody",
            refuses=(403, 409, 422, 429),
            rules=Rules(is_fresh_at_times=True, is_open_to_keys=True, is_repeatable=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def create(
        self,
        request: CallRequest,
        users: NamedDependency[UserService],
        data: JSONBody[CreateUserIn],
    ) -> Answered[Success[UserOut]]:
        """Make an account; needs `users.write`.

        A password needs `passwords.set`, too, and a verified address `users.verify`. With either,
        or where nobody registers for themselves, an account lets somebody in.
        """
        user = await users.create(
            email=data.email,
            username=data.username,
            name=data.name,
            locale=data.locale,
            attributes=data.attributes,
            status=Status(data.status),
            is_email_verified=data.email_verified,
            password=data.password,
            actor=request.actor,
        )
        return created(request, UserOut.of(user), "limen.getUser", user_id=user.id)

    @get(
        "/{user_id:str}",
        name="limen.getUser",
        **described(
            "getUser",
            "See a user",
            refuses=(403, 404),
            is_versioned=True,
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def see(
        self, request: CallRequest, users: NamedDependency[UserService], user_id: FromPath[UUID]
    ) -> Answered[Success[UserOut]]:
        """Return a user: oneself, or with `users.read` anybody."""
        user = await users.get(UserId(user_id), actor=request.actor)
        return shown(request, UserOut.of(user))

    @put(
        "/{user_id:str}",
        **described(
            "replaceUser",
            "Put another profile in place of a user's",
            refuses=(403, 404, 409, 412, 422),
            has_body=True,
            is_versioned=True,
            rules=Rules(is_fresh_at_times=True, is_open_to_keys=True),
        ),
    )
    async def replace(
        self,
        request: CallRequest,
        users: NamedDependency[UserService],
        user_id: FromPath[UUID],
        data: JSONBody[ReplaceUserIn],
    ) -> Answered[Success[UserOut]]:
        """Replace the whole profile; needs `users.write`.

        Another address is set by people alone.
        """
        user = await users.replace(
            UserId(user_id),
            email=data.email,
            username=data.username,
            name=data.name,
            locale=data.locale,
            attributes=data.attributes,
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, UserOut.of(user))

    @patch(
        "/{user_id:str}",
        **described(
            "updateUser",
            "Change a user's profile",
            refuses=(403, 404, 409, 412, 422),
            has_body=True,
            is_versioned=True,
            rules=Rules(is_fresh_at_times=True, is_open_to_keys=True),
        ),
    )
    async def update(
        self,
        request: CallRequest,
        users: NamedDependency[UserService],
        user_id: FromPath[UUID],
        data: JSONBody[UpdateUserIn],
    ) -> Answered[Success[UserOut]]:
        """Change what is given and leave the rest; needs `users.write`.

        Another address is set by people alone.
        """
        user = await users.update(
            UserId(user_id),
            email=maybe(data.email),
            username=maybe(data.username),
            name=maybe(data.name),
            locale=maybe(data.locale),
            attributes=maybe(data.attributes),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, UserOut.of(user))

    @delete(
        "/{user_id:str}",
        **described(
            "deleteUser",
            "Delete a user",
            refuses=(403, 404, 412, 422),
            rules=Rules(is_fresh=True, is_open_to_keys=True),
            is_versioned=True,
        ),
    )
    async def delete(
        self, request: CallRequest, users: NamedDependency[UserService], user_id: FromPath[UUID]
    ) -> None:
        """Remove a user and all that is theirs; needs `users.delete`, for oneself nothing."""
        await users.delete(
            UserId(user_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )

    @post(
        "/{user_id:str}/suspend",
        status_code=200,
        **described(
            "suspendUser",
            "Shut a user out",
            refuses=(403, 404, 412, 422),
            rules=Rules(is_open_to_keys=True, is_repeatable=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def suspend(
        self, request: CallRequest, users: NamedDependency[UserService], user_id: FromPath[UUID]
    ) -> Answered[Success[UserOut]]:
        """Shut a user out and end all their sessions; needs `users.write`."""
        user = await users.suspend(
            UserId(user_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, UserOut.of(user))

    @post(
        "/{user_id:str}/reactivate",
        status_code=200,
        **described(
            "reactivateUser",
            "Let a user in again",
            refuses=(403, 404, 412, 422),
            rules=Rules(is_fresh=True, is_open_to_keys=True, is_repeatable=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def reactivate(
        self, request: CallRequest, users: NamedDependency[UserService], user_id: FromPath[UUID]
    ) -> Answered[Success[UserOut]]:
        """Let a pending or suspended user sign in; needs `users.write`."""
        user = await users.reactivate(
            UserId(user_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, UserOut.of(user))
