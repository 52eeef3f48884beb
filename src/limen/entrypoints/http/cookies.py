"""Signing in to a session that the browser carries in a cookie."""

from dataclasses import replace

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from limen.core.cookies.service import CookieService
from limen.core.errors import NotSignedIn
from limen.core.meter import Limit
from limen.core.signin.finishing import SecondStepService
from limen.core.signin.service import SignInService
from limen.entrypoints.cookie_shapes import (
    CookieSessionOut,
    CookieSignInOut,
    CsrfOut,
    cookie_sign_in_out,
)
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.browsers import keeping
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.http.second_step import FinishSignInIn
from limen.entrypoints.http.signin import SignInIn
from limen.entrypoints.http.tokens import RefreshIn
from limen.entrypoints.shapes import Success

_RULES = Rules(is_public=True, is_for_browsers=True, is_secret=True)
_COUNTED = replace(_RULES, limits=(Limit.SIGN_IN,))


class CookieController(Controller):
    """Beginning cookie sessions."""

    path = "/auth/cookie"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        **described(
            "signInByCookie",
            "Sign in with a password, in a browser",
            refuses=(401, 403, 429),
            rules=_COUNTED,
            has_body=True,
        ),
    )
    async def sign_in(
        self,
        request: CallRequest,
        sign_in: NamedDependency[SignInService],
        data: JSONBody[SignInIn],
    ) -> Answered[Success[CookieSignInOut]]:
        """Begin a session and set its cookie; no token is given."""
        outcome = await sign_in.sign_in_by_cookie(
            identifier=data.identifier,
            password=data.password,
            label=data.label,
            actor=request.actor,
        )
        return keeping(request, outcome, plain(cookie_sign_in_out(outcome)))

    @post(
        "/factor",
        status_code=200,
        **described(
            "finishSignInByCookie",
            "Finish a sign-in with a second factor, in a browser",
            refuses=(401, 403, 422, 429),
            rules=_COUNTED,
            has_body=True,
        ),
    )
    async def finish(
        self,
        request: CallRequest,
        second_step: NamedDependency[SecondStepService],
        data: JSONBody[FinishSignInIn],
    ) -> Answered[Success[CookieSessionOut]]:
        """Begin the session and set its cookie. A wrong code leaves the sign-in open."""
        begun = await second_step.finish_by_cookie(
            partial_token=data.partial_token, code=data.code, actor=request.actor
        )
        return keeping(request, begun, plain(CookieSessionOut.of(begun)))

    @post(
        "/exchange",
        status_code=200,
        **described(
            "exchangeForCookie",
            "Let a cookie carry a session that has begun",
            refuses=(401, 403, 409),
            rules=_RULES,
            has_body=True,
        ),
    )
    async def exchange(
        self,
        request: CallRequest,
        cookie_sessions: NamedDependency[CookieService],
        data: JSONBody[RefreshIn],
    ) -> Answered[Success[CookieSessionOut]]:
        """Use up the refresh token that any way in gave, and set the cookie of its session."""
        begun = await cookie_sessions.exchange(
            refresh_token=data.refresh_token, actor=request.actor
        )
        return keeping(request, begun, plain(CookieSessionOut.of(begun)))


class CsrfController(Controller):
    """What a page needs to write."""

    path = "/auth/csrf"
    tags = ("Sign-in",)

    @get(
        "/",
        **described(
            "getCsrfToken", "Get the CSRF token of a cookie session", rules=Rules(is_secret=True)
        ),
    )
    async def csrf(
        self, request: CallRequest, cookie_sessions: NamedDependency[CookieService]
    ) -> Answered[Success[CsrfOut]]:
        """Return what `X-CSRF-Token` must say; it changes with the cookie."""
        if request.call.cookie is None:
            raise NotSignedIn
        return plain(CsrfOut(csrf_token=cookie_sessions.csrf_token(request.call.cookie).reveal()))
