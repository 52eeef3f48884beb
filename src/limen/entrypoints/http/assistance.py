"""Help of administrators for users who cannot help themselves."""

from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from limen.core.ids import UserId
from limen.core.recovery.assistance import AssistanceService
from limen.entrypoints.http.answers import Answered, shown
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.conditions import expected_version
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import Success, UserOut


class AssistanceController(Controller):
    """Help for a user."""

    path = "/users/{user_id:str}"
    tags = ("Users",)

    @post(
        "/password/require-reset",
        status_code=204,
        **described(
            "requirePasswordReset",
            "Have a user set a new password",
            refuses=(403, 404, 422),
            rules=Rules(is_repeatable=True),
            has_body=True,
        ),
    )
    async def require_reset(
        self,
        request: CallRequest,
        assistance: NamedDependency[AssistanceService],
        user_id: FromPath[UUID],
    ) -> None:
        """Let nobody in by the user's password until there is another; needs `passwords.reset`.

        All their sessions end, and a link to set a new password is sent to them.
        """
        await assistance.require_reset(UserId(user_id), actor=request.actor)

    @post(
        "/email/verify",
        status_code=200,
        **described(
            "vouchForEmail",
            "Vouch for the address of a user",
            refuses=(403, 404, 412, 422),
            rules=Rules(is_fresh=True, is_repeatable=True),
            has_body=True,
            is_versioned=True,
        ),
    )
    async def verify_email(
        self,
        request: CallRequest,
        assistance: NamedDependency[AssistanceService],
        user_id: FromPath[UUID],
    ) -> Answered[Success[UserOut]]:
        """Take the address for proved, and the account as it is; needs `users.verify`."""
        user = await assistance.verify_email(
            UserId(user_id),
            expected_version=expected_version(request.call),
            actor=request.actor,
        )
        return shown(request, UserOut.of(user))

    @post(
        "/unlock",
        status_code=204,
        **described(
            "unlockUser",
            "Let a locked user try again at once",
            refuses=(403, 404, 422),
            rules=Rules(is_fresh=True, is_repeatable=True),
            has_body=True,
        ),
    )
    async def unlock(
        self,
        request: CallRequest,
        assistance: NamedDependency[AssistanceService],
        user_id: FromPath[UUID],
    ) -> None:
        """Forget the attempts against the user and each of their factors; needs `users.unlock`."""
        await assistance.unlock(UserId(user_id), actor=request.actor)
