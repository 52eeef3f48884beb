"""Second factors: what a user shows beside the first way in, and what is stored of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from limen.core.ids import TotpId, UserId


class FactorKind(StrEnum):
    """A kind of second factor."""

    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"


# What a session says of each code (`amr`): RFC 8176 has a value for the first, none for the other.
METHODS: Final = {FactorKind.TOTP: "otp", FactorKind.RECOVERY_CODE: "rc"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """The secret that a user's authenticator app shares, encrypted.

    It waits until `expires_at` for its first code and counts from `confirmed_at` on. Of its codes
    only those after `last_step` are good. A user has at most one that waits and one that counts.
    """

    id: TotpId
    user_id: UserId
    sealed: bytes
    created_at: datetime
    expires_at: datetime | None = None
    confirmed_at: datetime | None = None
    last_step: int = 0

    def waits(self, now: datetime) -> bool:
        """Tell whether it can still be confirmed."""
        return self.expires_at is not None and now < self.expires_at

    def confirmed(self, step: int, now: datetime) -> "Totp":
        """Return the secret as it is once the code of `step` has shown that the app has it."""
        return replace(self, confirmed_at=now, expires_at=None, last_step=step)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCode:
    """What is stored of a recovery code that was not used yet."""

    user_id: UserId
    digest: bytes
    made_at: datetime


RESET_WAITS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequest:
    """What an administrator wants to be done to a user's factors, and another one has to approve.

    A user has at most one.
    """

    user_id: UserId
    requested_by: UserId
    requested_at: datetime
    expires_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Tell whether it can still be approved."""
        return now < self.expires_at


def place_of(totp_id: TotpId) -> str:
    """Return the place that the secret of an app is sealed for."""
    return f"totp_factors.sealed.{totp_id}"
