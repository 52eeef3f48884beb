"""The second step of a sign-in, and proving oneself again."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from limen.core.meter import Limit
from limen.core.signin.finishing import SecondStepService
from limen.core.signin.requiring import RequiredFactorService
from limen.core.signin.stepping_up import StepUpService
from limen.entrypoints.cookie_shapes import StepUpOut, step_up_out
from limen.entrypoints.factor_shapes import NewTotpOut
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.browsers import keeping
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import Success, TokensOut
from limen.entrypoints.signin_shapes import FirstFactorOut


class FinishSignInIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the first step gave, and a code of the authenticator app or a recovery code."""

    partial_token: str
    code: str


class StopSignInIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the first step gave."""

    partial_token: str


class BeginRequiredTotpIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the first step gave."""

    partial_token: str


class ConfirmRequiredTotpIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the first step gave, and the code that the app shows."""

    partial_token: str
    code: str


class StepUpIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """One's password; with a second factor also its code."""

    password: str
    code: str | None = None


class SecondStepController(Controller):
    """Sign-ins that wait for a second factor."""

    path = "/auth/factor"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        **described(
            "finishSignIn",
            "Finish a sign-in with a second factor",
            refuses=(401, 422, 429),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def finish(
        self,
        request: CallRequest,
        second_step: NamedDependency[SecondStepService],
        data: JSONBody[FinishSignInIn],
    ) -> Answered[Success[TokensOut]]:
        """Begin the session. A wrong code costs a try and leaves the sign-in open."""
        tokens = await second_step.finish(
            partial_token=data.partial_token, code=data.code, actor=request.actor
        )
        return plain(TokensOut.of(tokens))

    @post(
        "/stop",
        status_code=204,
        **described(
            "stopSignIn",
            "Give up a sign-in that waits for a second factor",
            refuses=(401,),
            rules=Rules(is_public=True),
            has_body=True,
        ),
    )
    async def stop(
        self,
        request: CallRequest,
        second_step: NamedDependency[SecondStepService],
        data: JSONBody[StopSignInIn],
    ) -> None:
        """Make the token of the first step worthless."""
        await second_step.stop(partial_token=data.partial_token, actor=request.actor)


class RequiredFactorController(Controller):
    """Setting up the second factor that one must have and has not."""

    path = "/auth/factor/totp"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        **described(
            "beginRequiredTotp",
            "Set up the authenticator app that one must have",
            refuses=(401, 403, 429),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.ENROLMENT,)),
            has_body=True,
        ),
    )
    async def begin(
        self,
        request: CallRequest,
        required: NamedDependency[RequiredFactorService],
        data: JSONBody[BeginRequiredTotpIn],
    ) -> Answered[Success[NewTotpOut]]:
        """Make a secret and show it, this once, to whoever has no second factor yet."""
        made = await required.begin(partial_token=data.partial_token, actor=request.actor)
        return plain(NewTotpOut.of(made))

    @post(
        "/confirm",
        status_code=200,
        **described(
            "confirmRequiredTotp",
            "Confirm that app, and finish the sign-in",
            refuses=(401, 403, 422, 429),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def confirm(
        self,
        request: CallRequest,
        required: NamedDependency[RequiredFactorService],
        data: JSONBody[ConfirmRequiredTotpIn],
    ) -> Answered[Success[FirstFactorOut]]:
        """Let the app count, begin the session and give the recovery codes, shown this once."""
        first = await required.confirm(
            partial_token=data.partial_token, code=data.code, actor=request.actor
        )
        return plain(FirstFactorOut.of(first))


class StepUpController(Controller):
    """Proving oneself again."""

    path = "/auth/step-up"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        **described(
            "stepUp",
            "Prove again who one is",
            refuses=(422, 429),
            rules=Rules(is_secret=True, is_open_to_identified=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def step_up(
        self,
        request: CallRequest,
        step_up: NamedDependency[StepUpService],
        data: JSONBody[StepUpIn],
    ) -> Answered[Success[StepUpOut]]:
        """Make the session fresh for ten minutes, for what needs it (RFC 9470).

        The answer has another access token and another `refresh_token` of the same session. A
        cookie session gets another cookie and CSRF token. The old ones are worthless: whoever shows
        the old refresh token later is taken for a thief, and the session ends.
        """
        risen = await step_up.step_up(
            password=data.password,
            code=data.code,
            cookie=request.call.cookie,
            actor=request.actor,
        )
        return keeping(request, risen.cookie, plain(step_up_out(risen)))
