"""The shapes of sign-ins that wait for a second factor, and of proving oneself again."""

from typing import Literal, Self, TypeAlias

from msgspec import Struct

from limen.core.signin.entering import PartialSignIn, SignInOutcome
from limen.core.signin.requiring import FirstFactor
from limen.core.signin.rising import SteppedUp
from limen.entrypoints.shapes import TokensOut


class PartialSignInOut(Struct, frozen=True, kw_only=True):
    """What a sign-in gives that waits for a second factor: one of `factors` finishes it.

    The token is for that alone; it lives for so many seconds. Without any factor the user must
    have one and sets it up first.
    """

    state: Literal["partial"]
    partial_token: str
    expires_in: int
    factors: tuple[Literal["totp", "recovery_code", "passkey"], ...]

    @classmethod
    def of(cls, partial: PartialSignIn) -> Self:
        """Map the model."""
        return cls(
            state="partial",
            partial_token=partial.partial_token.reveal(),
            expires_in=partial.expires_in,
            factors=tuple(factor.value for factor in partial.factors),
        )


SignInOut: TypeAlias = TokensOut | PartialSignInOut


def sign_in_out(outcome: SignInOutcome) -> SignInOut:
    """Map what a sign-in gives."""
    if isinstance(outcome, PartialSignIn):
        return PartialSignInOut.of(outcome)
    return TokensOut.of(outcome)


class FirstFactorOut(Struct, frozen=True, kw_only=True):
    """The session that the first second factor began, and its recovery codes, each good once."""

    tokens: TokensOut
    recovery_codes: tuple[str, ...]

    @classmethod
    def of(cls, first: FirstFactor) -> Self:
        """Map the result."""
        return cls(
            tokens=TokensOut.of(first.tokens),
            recovery_codes=tuple(code.reveal() for code in first.recovery_codes),
        )


class SteppedUpOut(Struct, frozen=True, kw_only=True):
    """Fresh tokens of the same session (RFC 9470), and how many seconds each lives.

    The refresh token takes the place of the one before, which counts no more.
    """

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    refresh_expires_in: int

    @classmethod
    def of(cls, risen: SteppedUp) -> Self:
        """Map the model of a session that no cookie carries."""
        if risen.refresh_token is None:
            raise TypeError("a session that a cookie carries has no refresh token")
        return cls(
            access_token=risen.access_token.reveal(),
            token_type="Bearer",  # noqa: S106 - the type of the token, not a token
            expires_in=risen.expires_in,
            refresh_token=risen.refresh_token.reveal(),
            refresh_expires_in=risen.refresh_expires_in,
        )
