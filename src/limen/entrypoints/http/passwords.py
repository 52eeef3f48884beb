"""Changing one's own password, and setting another's."""

from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from limen.core.ids import UserId
from limen.core.meter import Limit
from limen.core.passwords.service import PasswordService
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules


class ChangePasswordIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The password there is, and the one to come."""

    current_password: str
    new_password: str


class SetPasswordIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The password to come."""

    new_password: str


class OwnPasswordController(Controller):
    """One's own password."""

    path = "/me/password"
    tags = ("Me",)

    @post(
        "/",
        status_code=204,
        **described(
            "changeMyPassword",
            "Change one's own password",
            refuses=(404, 422, 429),
            rules=Rules(is_fresh=True, is_repeatable=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def change(
        self,
        request: CallRequest,
        passwords: NamedDependency[PasswordService],
        data: JSONBody[ChangePasswordIn],
    ) -> None:
        """Change the password and end all one's other sessions."""
        await passwords.change(
            current=data.current_password, new=data.new_password, actor=request.actor
        )


class PasswordController(Controller):
    """The password of a user."""

    path = "/users/{user_id:str}/password"
    tags = ("Users",)

    @post(
        "/",
        status_code=204,
        **described(
            "setPassword",
            "Set the password of a user",
            refuses=(403, 404, 422, 429),
            rules=Rules(is_fresh=True, is_repeatable=True),
            has_body=True,
        ),
    )
    async def set_password(
        self,
        request: CallRequest,
        passwords: NamedDependency[PasswordService],
        user_id: FromPath[UUID],
        data: JSONBody[SetPasswordIn],
    ) -> None:
        """Set the password and end all the user's sessions; needs `passwords.set`."""
        await passwords.set(UserId(user_id), new=data.new_password, actor=request.actor)
