"""The shapes of sessions that browsers carry in a cookie."""

from typing import Literal, Self, TypeAlias

from msgspec import Struct

from limen.core.cookies.carrying import CookieSession
from limen.core.signin.entering import CookieOutcome, PartialSignIn
from limen.core.signin.rising import SteppedUp
from limen.entrypoints.shapes import SessionOut, UserOut
from limen.entrypoints.signin_shapes import PartialSignInOut, SteppedUpOut


class CookieSessionOut(Struct, frozen=True, kw_only=True):
    """A session that a cookie carries, and what `X-CSRF-Token` must say when it writes."""

    state: Literal["full"]
    csrf_token: str
    session: SessionOut
    user: UserOut

    @classmethod
    def of(cls, begun: CookieSession) -> Self:
        """Map the model; its secret is for the cookie alone."""
        return cls(
            state="full",
            csrf_token=begun.csrf_token.reveal(),
            session=SessionOut.of(begun.session, current=begun.session.id),
            user=UserOut.of(begun.user),
        )


CookieSignInOut: TypeAlias = CookieSessionOut | PartialSignInOut


def cookie_sign_in_out(outcome: CookieOutcome) -> CookieSignInOut:
    """Map what a sign-in gives to a browser."""
    if isinstance(outcome, PartialSignIn):
        return PartialSignInOut.of(outcome)
    return CookieSessionOut.of(outcome)


StepUpOut: TypeAlias = SteppedUpOut | CookieSessionOut


def step_up_out(risen: SteppedUp) -> StepUpOut:
    """Map what a step-up gives: never a token to whom a cookie serves."""
    return SteppedUpOut.of(risen) if risen.cookie is None else CookieSessionOut.of(risen.cookie)


class CsrfOut(Struct, frozen=True, kw_only=True):
    """What `X-CSRF-Token` must say."""

    csrf_token: str
