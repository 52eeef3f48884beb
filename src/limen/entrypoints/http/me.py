"""The signed-in user's own account."""

from litestar import Controller, delete, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from limen.core.users.service import UserService
from limen.entrypoints.http.answers import Answered, shown
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import expected_version
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.fields import maybe
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import Success, UserOut


class UpdateMeIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What users may change about themselves; what is not given stays (RFC 7396)."""

    username: str | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    locale: str | UnsetType | None = UNSET


class MeController(Controller):
    """The signed-in user."""

    path = "/me"
    tags = ("Me",)

    @get(
        "/",
        **described(
            "getMe",
            "See oneself",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True, is_open_to_identified=True),
            is_versioned=True,
        ),
    )
    async def see(
        self, request: CallRequest, users: NamedDependency[UserService]
    ) -> Answered[Success[UserOut]]:
        """Return the signed-in user, or the owner of a key with the scope `me.read`."""
        user = await users.get(request.user_id, actor=request.actor)
        return shown(request, UserOut.of(user))

    @patch(
        "/",
        **described(
            "updateMe",
            "Change one's own username, name and locale",
            refuses=(404, 409, 412),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def update(
        self,
        request: CallRequest,
        users: NamedDependency[UserService],
        data: JSONBody[UpdateMeIn],
    ) -> Answered[Success[UserOut]]:
        """Change what is given and leave the rest."""
        user = await users.update(
            request.claims.user_id,
            username=maybe(data.username),
            name=maybe(data.name),
            locale=maybe(data.locale),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, UserOut.of(user))

    @delete(
        "/",
        **described(
            "deleteMe",
            "Delete oneself",
            refuses=(404, 412, 422),
            rules=Rules(is_fresh=True),
            is_versioned=True,
        ),
    )
    async def delete(self, request: CallRequest, users: NamedDependency[UserService]) -> None:
        """Remove the account and all that is in it, at once and for good."""
        await users.delete(
            request.claims.user_id,
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
