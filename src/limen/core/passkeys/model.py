"""Passkeys: public keys whose other halves never leave somebody's authenticator.

A ceremony is one question to an authenticator, and its answer. What is asked for is a challenge,
good once and for one purpose; what comes back is signed over it (WebAuthn level 3).
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from limen.core.errors import CeremonyOver
from limen.core.ids import PasskeyId, SessionId, UserId
from limen.core.secret import Secret
from limen.core.text import has_control_characters, is_too_long_to_normalise, nfc

MOST_PASSKEYS: Final = 20
LONGEST_NAME: Final = 100
CEREMONY_LIFETIME: Final = timedelta(minutes=5)
CHALLENGE_BYTES: Final = 32
TOKEN_BYTES: Final = 32
_DEFAULT_NAME: Final = "Passkey"


class CeremonyPurpose(StrEnum):
    """What a ceremony is for; its answer is good for nothing else."""

    ENROL = "enrol"
    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"
    STEP_UP = "step_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPolicy:
    """For whom passkeys are good: a domain and what lies below it, and pages of these origins.

    `rp_name` is what authenticators call it. Origins are compared exactly.
    """

    rp_id: str
    rp_name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorState:
    """What an authenticator tells of a credential: its counter, and whether it is backed up."""

    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A credential that has proved itself: its public key (COSE), and what it is like."""

    public_key: bytes
    state: AuthenticatorState


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey of a user, who gave it a name.

    `credential_id` is what its authenticator calls it, `public_key` is in COSE form (RFC 9052).
    `sign_count` is the last counter it told, or 0 if it has none. `is_backup_eligible` says that
    its private half may be on several devices, `is_backed_up` that it is now.
    """

    id: PasskeyId
    user_id: UserId
    name: str
    credential_id: bytes
    public_key: bytes
    sign_count: int = 0
    transports: tuple[str, ...] = ()
    is_backup_eligible: bool = False
    is_backed_up: bool = False
    created_at: datetime
    last_used_at: datetime | None = None
    version: int = 1

    def renamed(self, name: str) -> "Passkey":
        """Return the passkey under another name."""
        return replace(self, name=name, version=self.version + 1)

    @property
    def methods(self) -> tuple[str, ...]:
        """How whoever uses it proves who they are (RFC 8176).

        They have the key (`swk` if it may be on several devices, else `hwk`, as the authenticator
        says), are present (`user`), and have shown the authenticator that it is them (`mfa`).
        """
        return ("swk" if self.is_backup_eligible else "hwk", "user", "mfa")

    def used(self, sign_count: int, now: datetime, *, is_backed_up: bool) -> "Passkey":
        """Return the passkey as its authenticator tells of it now."""
        return replace(self, sign_count=sign_count, is_backed_up=is_backed_up, last_used_at=now)

    def is_followed_by(self, sign_count: int) -> bool:
        """Tell whether this counter may come next: it grows, or the authenticator has none."""
        return sign_count > self.sign_count or sign_count == self.sign_count == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """A question that waits for its answer, found by the digest of its token.

    `user_id` and `session_id` are who may answer; of a sign-in without a name it is anybody.
    """

    digest: bytes
    purpose: CeremonyPurpose
    challenge: bytes
    user_id: UserId | None = None
    session_id: SessionId | None = None
    expires_at: datetime

    def is_live(self, purpose: CeremonyPurpose, now: datetime) -> bool:
        """Tell whether it may still be answered, for this purpose."""
        return self.purpose is purpose and now < self.expires_at


def ceremony_digest(token: Secret[str]) -> bytes:
    """Return the digest under which the ceremony with this token is stored.

    Raises `CeremonyOver` for what cannot be a token.
    """
    text = token.reveal()
    if len(text) > TOKEN_BYTES * 2 or not text.isascii():
        raise CeremonyOver
    return hashlib.sha256(text.encode()).digest()


def parse_passkey_name(text: str) -> str:
    """Read the name of a passkey; raise `ValueError` with a sentence for people."""
    is_endless = is_too_long_to_normalise(text, LONGEST_NAME)
    written = "" if is_endless else nfc(text)
    if is_endless or len(written) > LONGEST_NAME or has_control_characters(written):
        message = f"must be at most {LONGEST_NAME} characters, none of them invisible"
        raise ValueError(message)
    return written or _DEFAULT_NAME
