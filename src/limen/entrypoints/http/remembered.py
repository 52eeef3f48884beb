"""The browsers in which a user is remembered: seeing and forgetting them."""

from uuid import UUID

from litestar import Controller, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from limen.core.ids import RememberedId, UserId
from limen.core.remembered.service import RememberedService
from limen.entrypoints.cookie_shapes import RememberedOut
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import Success


class OwnRememberedController(Controller):
    """Where one is remembered oneself."""

    path = "/me/remembered"
    tags = ("Me",)

    @get("/", **described("listMyRemembered", "List the browsers that remember oneself"))
    async def list_own(
        self, request: CallRequest, remembered: NamedDependency[RememberedService]
    ) -> Answered[Success[list[RememberedOut]]]:
        """Return where one is remembered, the last used first, at most 20."""
        claims = request.claims
        found = await remembered.list(claims.user_id, actor=request.actor)
        return plain([RememberedOut.of(one, current=claims.session_id) for one in found])

    @delete(
        "/{remembered_id:str}",
        **described("forgetMyBrowser", "Forget one of one's browsers", refuses=(404,)),
    )
    async def revoke_own(
        self,
        request: CallRequest,
        remembered: NamedDependency[RememberedService],
        remembered_id: FromPath[UUID],
    ) -> None:
        """Have a browser know one no longer than its session lasts."""
        await remembered.revoke(
            request.claims.user_id, RememberedId(remembered_id), actor=request.actor
        )


class RememberedController(Controller):
    """Where a user is remembered."""

    path = "/users/{user_id:str}/remembered"
    tags = ("Users",)

    @get(
        "/",
        **described(
            "listRemembered",
            "List the browsers that remember a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def list_remembered(
        self,
        request: CallRequest,
        remembered: NamedDependency[RememberedService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[list[RememberedOut]]]:
        """Return where a user is remembered, the last used first; needs `sessions.read`."""
        found = await remembered.list(UserId(user_id), actor=request.actor)
        current = request.actor.session_id
        return plain([RememberedOut.of(one, current=current) for one in found])

    @delete(
        "/{remembered_id:str}",
        **described(
            "forgetBrowser",
            "Forget one browser of a user",
            refuses=(403, 404),
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def revoke(
        self,
        request: CallRequest,
        remembered: NamedDependency[RememberedService],
        user_id: FromPath[UUID],
        remembered_id: FromPath[UUID],
    ) -> None:
        """Have a browser know a user no longer than its session lasts; needs `sessions.revoke`."""
        await remembered.revoke(UserId(user_id), RememberedId(remembered_id), actor=request.actor)
