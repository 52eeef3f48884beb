"""The second step of a sign-in, and proving oneself again, by a passkey."""

from typing import Any

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from limen.core.meter import Limit
from limen.core.signin.passkey_steps import PasskeyStepService
from limen.entrypoints.cookie_shapes import StepUpOut, step_up_out
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.browsers import keeping
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.passkey_shapes import PasskeyAskedOut
from limen.entrypoints.shapes import Success, TokensOut


class AskToFinishIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the first step gave."""

    partial_token: str


class FinishByPasskeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the first step gave, what came with the options, and the browser's answer."""

    partial_token: str
    ceremony: str
    credential: dict[str, Any]


class StepUpByPasskeyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What came with the options, and the browser's answer."""

    ceremony: str
    credential: dict[str, Any]


class PasskeySecondStepController(Controller):
    """Finishing a sign-in."""

    path = "/auth/factor/passkey"
    tags = ("Sign-in",)

    @post(
        "/options",
        status_code=200,
        **described(
            "askForPasskeyToFinish",
            "Ask for a passkey to finish a sign-in",
            refuses=(401, 429),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.PASSKEY,)),
            has_body=True,
        ),
    )
    async def ask(
        self,
        request: CallRequest,
        passkey_steps: NamedDependency[PasskeyStepService],
        data: JSONBody[AskToFinishIn],
    ) -> Answered[Success[PasskeyAskedOut]]:
        """Give the options for `navigator.credentials.get()`, good once and for five minutes."""
        asked = await passkey_steps.ask_to_finish(
            partial_token=data.partial_token, actor=request.actor
        )
        return plain(PasskeyAskedOut.of(asked))

    @post(
        "/",
        status_code=200,
        **described(
            "finishSignInByPasskey",
            "Finish a sign-in by a passkey",
            refuses=(401, 422),
            rules=Rules(is_public=True, is_secret=True),
            has_body=True,
        ),
    )
    async def finish(
        self,
        request: CallRequest,
        passkey_steps: NamedDependency[PasskeyStepService],
        data: JSONBody[FinishByPasskeyIn],
    ) -> Answered[Success[TokensOut]]:
        """Begin the session. What is refused leaves the sign-in open."""
        tokens = await passkey_steps.finish(
            partial_token=data.partial_token,
            ceremony=data.ceremony,
            answer=data.credential,
            actor=request.actor,
        )
        return plain(TokensOut.of(tokens))


class PasskeyStepUpController(Controller):
    """Proving oneself again."""

    path = "/auth/step-up/passkey"
    tags = ("Sign-in",)

    @post(
        "/options",
        status_code=200,
        **described(
            "askForPasskeyToStepUp",
            "Ask for a passkey to prove again who one is",
            refuses=(429,),
            rules=Rules(is_secret=True, is_open_to_identified=True, limits=(Limit.PASSKEY,)),
            has_body=True,
        ),
    )
    async def ask(
        self, request: CallRequest, passkey_steps: NamedDependency[PasskeyStepService]
    ) -> Answered[Success[PasskeyAskedOut]]:
        """Give the options for `navigator.credentials.get()`, good once and for five minutes."""
        return plain(PasskeyAskedOut.of(await passkey_steps.ask_to_step_up(actor=request.actor)))

    @post(
        "/",
        status_code=200,
        **described(
            "stepUpByPasskey",
            "Prove again who one is by a passkey",
            refuses=(422,),
            rules=Rules(is_secret=True, is_open_to_identified=True),
            has_body=True,
        ),
    )
    async def step_up(
        self,
        request: CallRequest,
        passkey_steps: NamedDependency[PasskeyStepService],
        data: JSONBody[StepUpByPasskeyIn],
    ) -> Answered[Success[StepUpOut]]:
        """Make the session fresh for ten minutes, for what needs it (RFC 9470).

        The answer has another access token and another `refresh_token` of the same session. A
        cookie session gets another cookie and CSRF token. The old ones are worthless: whoever shows
        the old refresh token later is taken for a thief, and the session ends.
        """
        risen = await passkey_steps.step_up(
            ceremony=data.ceremony,
            answer=data.credential,
            cookie=request.call.cookie,
            actor=request.actor,
        )
        return keeping(request, risen.cookie, plain(step_up_out(risen)))
