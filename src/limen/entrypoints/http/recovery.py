"""Setting a new password where the old one is lost."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from limen.core.meter import Limit
from limen.core.recovery.service import RecoveryService
from limen.entrypoints.accepted import RESET_SENT
from limen.entrypoints.http.answers import Answered, accepted
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import AcceptedOut, Success


class ForgotPasswordIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose password is lost: an e-mail address or username."""

    identifier: str


class ResetPasswordIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The token of a link, or a code and the identifier it was asked for with; and the password."""

    new_password: str
    token: str | None = None
    identifier: str | None = None
    code: str | None = None


class RecoveryController(Controller):
    """Getting back in."""

    path = "/auth/password"
    tags = ("Sign-in",)

    @post(
        "/forgot",
        status_code=202,
        **described(
            "forgotPassword",
            "Ask for a link to set a new password",
            refuses=(429,),
            rules=Rules(is_public=True, limits=(Limit.MAIL,)),
            has_body=True,
        ),
    )
    async def forgot(
        self,
        request: CallRequest,
        recovery: NamedDependency[RecoveryService],
        data: JSONBody[ForgotPasswordIn],
    ) -> Answered[Success[AcceptedOut]]:
        """Send a link and a code to whoever has this address or username.

        The answer is the same whether there is such a user or not. The code is good in the network
        that asked, the link anywhere.
        """
        await recovery.forgot(identifier=data.identifier, actor=request.actor)
        return accepted(RESET_SENT)

    @post(
        "/reset",
        status_code=204,
        **described(
            "resetPassword",
            "Set a new password by a link or code",
            refuses=(422, 429),
            rules=Rules(is_public=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def reset(
        self,
        request: CallRequest,
        recovery: NamedDependency[RecoveryService],
        data: JSONBody[ResetPasswordIn],
    ) -> None:
        """Set the password and end all the user's sessions; no one is signed in by it."""
        await recovery.reset(
            new=data.new_password,
            token=data.token,
            identifier=data.identifier,
            code=data.code,
            actor=request.actor,
        )
