"""Getting an account, and signing in."""

from typing import cast

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from limen.core.meter import Limit
from limen.core.signin.service import SignInService
from limen.core.users.service import UserService
from limen.entrypoints.accepted import REGISTERED
from limen.entrypoints.http.answers import Answered, accepted, created, plain
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import AcceptedOut, Success, UserOut
from limen.entrypoints.signin_shapes import SignInOut, sign_in_out


class RegisterUserIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who asks for an account."""

    email: str
    password: str
    username: str | None = None
    name: str = ""
    locale: str | None = None


class SignInIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who signs in: by e-mail address or username. `label` names the device for people."""

    identifier: str
    password: str
    label: str = ""


class RegistrationController(Controller):
    """Getting an account."""

    path = "/auth/register"
    tags = ("Sign-in",)

    @post(
        "/",
        **described(
            "registerUser",
            "Make an account for oneself",
            refuses=(403, 409, 422, 429),
            rules=Rules(
                is_public=True, is_repeatable=True, limits=(Limit.REGISTRATION, Limit.MAIL)
            ),
            has_body=True,
            is_versioned=True,
            shapes={202: Success[AcceptedOut]},
        ),
    )
    async def register(
        self,
        request: CallRequest,
        users: NamedDependency[UserService],
        data: JSONBody[RegisterUserIn],
    ) -> Answered[Success[UserOut]]:
        """Make an account; whether it may sign in at once is the operator's choice.

        If not, the answer is 202, the same for a free address and for one that has an account:
        mail to it tells the rest. A username is chosen later then.
        """
        user = await users.register(
            email=data.email,
            password=data.password,
            username=data.username,
            name=data.name,
            locale=data.locale,
            actor=request.actor,
        )
        if user is None:
            return cast("Answered[Success[UserOut]]", accepted(REGISTERED))
        return created(request, UserOut.of(user), "limen.getUser", user_id=user.id)


class SignInController(Controller):
    """Signing in."""

    path = "/auth/login"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        **described(
            "signIn",
            "Sign in with a password",
            refuses=(401, 429),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def sign_in(
        self,
        request: CallRequest,
        sign_in: NamedDependency[SignInService],
        data: JSONBody[SignInIn],
    ) -> Answered[Success[SignInOut]]:
        """Begin a session. An `Idempotency-Key` is not heeded: secrets are never replayed."""
        outcome = await sign_in.sign_in(
            identifier=data.identifier,
            password=data.password,
            label=data.label,
            actor=request.actor,
        )
        return plain(sign_in_out(outcome))
