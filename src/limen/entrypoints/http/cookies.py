"""Signing in to a session that the browser carries in a cookie."""

from dataclasses import replace

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from limen.core.cookies.service import CookieService
from limen.core.errors import NotSignedIn, RememberedInvalid
from limen.core.meter import Limit
from limen.core.remembered.service import RememberedService
from limen.core.signin.finishing import SecondStepService
from limen.core.signin.service import SignInService
from limen.entrypoints.cookie_shapes import (
    CookieSessionOut,
    CookieSignInOut,
    CsrfOut,
    cookie_sign_in_out,
)
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.browsers import browsers_of, forgetting_remembered, keeping
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.shapes import Success

_RULES = Rules(is_public=True, is_for_browsers=True, is_secret=True)
_COUNTED = replace(_RULES, limits=(Limit.SIGN_IN,))


class CookieSignInIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who one is, and how long the browser should know."""

    identifier: str
    password: str
    label: str = ""
    is_remembered: bool = False


class FinishCookieSignInIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A sign-in that waits, a code that finishes it, and how long the browser should know."""

    partial_token: str
    code: str
    is_remembered: bool = False


class ExchangeForCookieIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A refresh token that was never used, and how long the browser should know."""

    refresh_token: str
    is_remembered: bool = False


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
        data: JSONBody[CookieSignInIn],
    ) -> Answered[Success[CookieSignInOut]]:
        """Begin a session and set its cookie; no token is given.

        With `is_remembered` another cookie remembers the browser after the session.
        """
        outcome = await sign_in.sign_in_by_cookie(
            identifier=data.identifier,
            password=data.password,
            label=data.label,
            is_remembered=data.is_remembered,
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
        data: JSONBody[FinishCookieSignInIn],
    ) -> Answered[Success[CookieSessionOut]]:
        """Begin the session and set its cookie. A wrong code leaves the sign-in open."""
        begun = await second_step.finish_by_cookie(
            partial_token=data.partial_token,
            code=data.code,
            is_remembered=data.is_remembered,
            actor=request.actor,
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
        data: JSONBody[ExchangeForCookieIn],
    ) -> Answered[Success[CookieSessionOut]]:
        """Use up the refresh token that any way in gave, and set the cookie of its session."""
        begun = await cookie_sessions.exchange(
            refresh_token=data.refresh_token,
            is_remembered=data.is_remembered,
            actor=request.actor,
        )
        return keeping(request, begun, plain(CookieSessionOut.of(begun)))


class RememberedSignInController(Controller):
    """Coming back to a browser that is remembered."""

    path = "/auth/cookie/remember"
    tags = ("Sign-in",)

    @post(
        "/",
        status_code=200,
        exception_handlers={Exception: forgetting_remembered},
        **described(
            "identifyByCookie",
            "Come back to a browser that is remembered",
            refuses=(401, 403, 409),
            rules=_RULES,
            has_body=True,
        ),
    )
    async def identify(
        self, request: CallRequest, remembered: NamedDependency[RememberedService]
    ) -> Answered[Success[CookieSessionOut]]:
        """Use up the cookie that remembers the browser, and set the next one.

        It begins an identified session, which a step-up makes full. If the cookie was used before,
        somebody has a copy: all browsers are forgotten, and the sessions in them end. An answer
        with 401 takes the cookie away.
        """
        credential = browsers_of(request.call).remembered_of(request.call)
        if credential is None:
            raise RememberedInvalid
        begun = await remembered.exchange(credential=credential, actor=request.actor)
        return keeping(request, begun, plain(CookieSessionOut.of(begun)))


class CsrfController(Controller):
    """What a page needs to write."""

    path = "/auth/csrf"
    tags = ("Sign-in",)

    @get(
        "/",
        **described(
            "getCsrfToken",
            "Get the CSRF token of a cookie session",
            rules=Rules(is_secret=True, is_open_to_identified=True),
        ),
    )
    async def csrf(
        self, request: CallRequest, cookie_sessions: NamedDependency[CookieService]
    ) -> Answered[Success[CsrfOut]]:
        """Return what `X-CSRF-Token` must say; it changes with the cookie."""
        if request.call.cookie is None:
            raise NotSignedIn
        return plain(CsrfOut(csrf_token=cookie_sessions.csrf_token(request.call.cookie).reveal()))
