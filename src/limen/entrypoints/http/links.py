"""Signing in by a link or a code that was mailed."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from limen.core.meter import Limit
from limen.core.signin.links import LinkSignInService
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import LinkAskedOut, Success
from limen.entrypoints.signin_shapes import SignInOut, sign_in_out


class AskLinkIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who wants to sign in: by e-mail address or username."""

    identifier: str


class CompleteLinkIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the browser was given, and the token of the link or the code and its identifier."""

    browser_token: str
    token: str | None = None
    identifier: str | None = None
    code: str | None = None
    label: str = ""


class LinkController(Controller):
    """Signing in by mail."""

    path = "/auth/link"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=202,
        **described(
            "askForLink",
            "Ask for a link to sign in",
            refuses=(429,),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.MAIL,)),
            has_body=True,
        ),
    )
    async def ask(
        self,
        request: CallRequest,
        links: NamedDependency[LinkSignInService],
        data: JSONBody[AskLinkIn],
    ) -> Answered[Success[LinkAskedOut]]:
        """Send a link and a code to whoever has this address or username.

        They are good for ten minutes, once, and only together with `browser_token`, which the
        browser that asked keeps. The answer is the same whether there is such a user or not.
        """
        browser = await links.ask(identifier=data.identifier, actor=request.actor)
        answer = plain(LinkAskedOut(browser_token=browser.reveal()))
        answer.status_code = 202
        return answer

    @post(
        "/complete",
        status_code=200,
        **described(
            "signInByLink",
            "Sign in by a link or code",
            refuses=(422, 429),
            rules=Rules(is_public=True, is_secret=True, limits=(Limit.SIGN_IN,)),
            has_body=True,
        ),
    )
    async def complete(
        self,
        request: CallRequest,
        links: NamedDependency[LinkSignInService],
        data: JSONBody[CompleteLinkIn],
    ) -> Answered[Success[SignInOut]]:
        """Begin a session. Whoever does this has proved the address of the account.

        If it was never proved before, its password and all its other sessions go: whoever made it
        may have been somebody else.
        """
        outcome = await links.complete(
            browser=data.browser_token,
            token=data.token,
            identifier=data.identifier,
            code=data.code,
            label=data.label,
            actor=request.actor,
        )
        return plain(sign_in_out(outcome))
