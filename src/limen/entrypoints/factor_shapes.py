"""The shapes of second factors; see `limen.entrypoints.shapes`."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from msgspec import Struct

from limen.core.factors.making import NewTotp
from limen.core.factors.model import ResetRequest
from limen.core.factors.service import FactorReset, Factors
from limen.core.secret import Secret


class TotpOut(Struct, frozen=True, kw_only=True):
    """An authenticator app that counts since `confirmed_at`."""

    created_at: datetime
    confirmed_at: datetime


class ResetRequestOut(Struct, frozen=True, kw_only=True):
    """A reset that waits, until it expires, for an administrator other than who asked for it."""

    requested_by: UUID
    requested_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, request: ResetRequest | None) -> Self | None:
        """Map the model."""
        if request is None:
            return None
        return cls(
            requested_by=request.requested_by,
            requested_at=request.requested_at,
            expires_at=request.expires_at,
        )


class FactorsOut(Struct, frozen=True, kw_only=True):
    """The second factors of a user, and how many recovery codes are left.

    `reset` waits for a second administrator.
    """

    totp: TotpOut | None
    recovery_codes_left: int
    reset: ResetRequestOut | None

    @classmethod
    def of(cls, factors: Factors) -> Self:
        """Map the result."""
        totp = factors.totp
        return cls(
            totp=None
            if totp is None or totp.confirmed_at is None
            else TotpOut(created_at=totp.created_at, confirmed_at=totp.confirmed_at),
            recovery_codes_left=len(factors.recovery_codes),
            reset=ResetRequestOut.of(factors.reset),
        )


class FactorResetOut(Struct, frozen=True, kw_only=True):
    """Which second factors were taken from a user, or what waits to be approved."""

    taken: tuple[Literal["totp", "recovery_code", "passkey"], ...]
    pending: ResetRequestOut | None

    @classmethod
    def of(cls, reset: FactorReset) -> Self:
        """Map the result."""
        return cls(
            taken=tuple(kind.value for kind in reset.taken),
            pending=ResetRequestOut.of(reset.pending),
        )


class NewTotpOut(Struct, frozen=True, kw_only=True):
    """The secret of an authenticator app, which waits for its first code until `expires_at`.

    `uri` is what apps read; `svg` and `text` show it as a QR code, in a page and in a terminal.
    `secret` is for typing it in (base32).
    """

    secret: str
    uri: str
    svg: str
    text: str
    expires_at: datetime

    @classmethod
    def of(cls, made: NewTotp) -> Self:
        """Map the result."""
        return cls(
            secret=made.secret.reveal(),
            uri=made.uri.reveal(),
            svg=made.svg.reveal(),
            text=made.text.reveal(),
            expires_at=made.expires_at,
        )


class RecoveryCodesOut(Struct, frozen=True, kw_only=True):
    """New recovery codes, each good once; none if there are some already."""

    recovery_codes: tuple[str, ...]

    @classmethod
    def of(cls, codes: tuple[Secret[str], ...]) -> Self:
        """Map the result."""
        return cls(recovery_codes=tuple(code.reveal() for code in codes))
