"""The shapes of sessions that browsers carry in a cookie."""

from datetime import datetime
from typing import Literal, Self, TypeAlias
from uuid import UUID

from msgspec import Struct

from limen.core.cookies.carrying import CookieSession
from limen.core.remembered.model import Remembered
from limen.core.signin.entering import CookieOutcome, PartialSignIn
from limen.core.signin.rising import SteppedUp
from limen.entrypoints.shapes import SessionOut, UserOut
from limen.entrypoints.signin_shapes import PartialSignInOut, SteppedUpOut


class CookieSessionOut(Struct, frozen=True, kw_only=True):
    """A session that a cookie carries, and what `X-CSRF-Token` must say when it writes.

    An `identified` one tells who is probably here, and becomes `full` by a step-up.
    """

    state: Literal["identified", "full"]
    csrf_token: str
    session: SessionOut
    user: UserOut

    @classmethod
    def of(cls, begun: CookieSession) -> Self:
        """Map the model; its secret is for the cookie alone."""
        return cls(
            state=begun.session.state.value,
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


class RememberedOut(Struct, frozen=True, kw_only=True):
    """A browser that remembers a user. `is_current` tells that of the session that asked."""

    id: UUID
    user_id: UUID
    label: str
    address: str | None
    user_agent: str | None
    authenticated_at: datetime
    is_current: bool
    created_at: datetime
    used_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, remembered: Remembered, *, current: UUID | None = None) -> Self:
        """Map the model."""
        return cls(
            id=remembered.id,
            user_id=remembered.user_id,
            label=remembered.label,
            address=remembered.address,
            user_agent=remembered.user_agent,
            authenticated_at=remembered.authenticated_at,
            is_current=remembered.session_id == current,
            created_at=remembered.created_at,
            used_at=remembered.used_at,
            expires_at=remembered.expires_at,
        )


class CsrfOut(Struct, frozen=True, kw_only=True):
    """What `X-CSRF-Token` must say."""

    csrf_token: str
