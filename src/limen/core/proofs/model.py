"""One-time links and codes: whoever has one can read the mail of the address it was sent to.

A link carries a token: a prefix that names its purpose, and the base64url form of the proof's id
(16 bytes) and a secret (32). A code is eight letters of RFC 8628 section 6.1, short enough to type
and so good for a few tries only. The store has digests of both.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import ProofInvalid
from limen.core.ids import ProofId, UserId
from limen.core.letters import read_letters, write_letters
from limen.core.secret import Secret

MOST_TRIES: Final = 5
SECRET_BYTES: Final = 32
_ID_BYTES: Final = 16
_ENCODED: Final = (_ID_BYTES + SECRET_BYTES) * 4 // 3
_CODE_LENGTH: Final = 8


class Purpose(StrEnum):
    """What a link or code is good for; one for another purpose is good for nothing."""

    VERIFY_EMAIL = "verify_email"
    APPROVE_EMAIL_CHANGE = "approve_email_change"
    CONFIRM_EMAIL_CHANGE = "confirm_email_change"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose
    SIGN_IN = "sign_in"


LIFETIMES: Final = {
    Purpose.VERIFY_EMAIL: timedelta(hours=24),
    Purpose.APPROVE_EMAIL_CHANGE: timedelta(hours=1),
    Purpose.CONFIRM_EMAIL_CHANGE: timedelta(hours=1),
    Purpose.RESET_PASSWORD: timedelta(minutes=30),
    Purpose.SIGN_IN: timedelta(minutes=10),
}

# The two ends of a change, which belong together whoever asked.
CHANGES: Final = frozenset({Purpose.APPROVE_EMAIL_CHANGE, Purpose.CONFIRM_EMAIL_CHANGE})

# What the token of a link begins with.
_PREFIXES: Final = {purpose: f"limen_{purpose.replace('_', '-')}_" for purpose in Purpose}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is stored of a link and its code; a user has at most one for each purpose and asker.

    `email` is the key of the address it was sent to; of a change, `new_email` is the address that
    is to be the user's. `asker` is the digest of who asked: to sign in that is the secret of a
    browser, which alone can use it; otherwise a network, whose proof others leave alone, or nobody
    in particular. A proof counts once, until `expires_at`.
    """

    id: ProofId
    purpose: Purpose
    user_id: UserId
    email: str
    new_email: str | None = None
    link_digest: bytes
    code_digest: bytes
    asker: bytes | None = None
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    spent_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether it may still be used."""
        return self.spent_at is None and now < self.expires_at

    def after(self, earlier: "Proof | None", now: datetime) -> "Proof":
        """Return this proof in place of an earlier one: a new code brings no new tries."""
        if earlier is None or not earlier.is_live(now):
            return self
        return replace(self, tries=earlier.tries)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedLink:
    """The token of a link as it came in, well-formed but not yet believed."""

    purpose: Purpose
    proof_id: ProofId
    digest: bytes


def write_link(purpose: Purpose, proof_id: ProofId, secret: bytes) -> Secret[str]:
    """Return the token of a link."""
    return Secret(_PREFIXES[purpose] + write_base64url(proof_id.bytes + secret))


def read_link(token: Secret[str], *purposes: Purpose) -> PresentedLink:
    """Take the token of a link apart; raise `ProofInvalid` if it is none for these purposes."""
    text = token.reveal()
    found = [purpose for purpose in purposes if text.startswith(_PREFIXES[purpose])]
    body = text.removeprefix(_PREFIXES[found[0]]) if found else ""
    if len(body) != _ENCODED:
        raise ProofInvalid
    try:
        raw = read_base64url(body)
    except ValueError:
        raise ProofInvalid from None
    return PresentedLink(
        purpose=found[0],
        proof_id=ProofId(UUID(bytes=raw[:_ID_BYTES])),
        digest=digest_of(raw[_ID_BYTES:]),
    )


def digest_of(secret: bytes) -> bytes:
    """Return the digest under which a secret of full length is stored."""
    return hashlib.sha256(secret).digest()


def network_digest(network: str) -> bytes:
    """Return the digest of a network as the asker of a proof; no secret, but of the same form."""
    return digest_of(b"network " + network.encode(errors="replace"))


def browser_digest(browser: Secret[str]) -> bytes:
    """Return the digest of the secret that a browser shows."""
    return digest_of(browser.reveal().encode(errors="replace"))


def write_code(drawn: bytes) -> Secret[str]:
    """Return the code that stands for eight or more random bytes."""
    return Secret(write_letters(drawn, _CODE_LENGTH))


def read_code(code: Secret[str]) -> Secret[str]:
    """Return the letters of a code however it was typed; raise `ProofInvalid` if it cannot be one.

    Case, spaces and marks between the letters do not count (RFC 8628 section 6.1).
    """
    letters = read_letters(code.reveal(), _CODE_LENGTH)
    if letters is None:
        raise ProofInvalid
    return Secret(letters)


def code_digest(key: Secret[bytes], proof_id: ProofId, letters: Secret[str]) -> bytes:
    """Return the digest of a code: keyed, for a code is short enough to be guessed from a bare one.

    `key` is the server's (32 bytes or more).
    """
    message = b"limen code 1\0" + proof_id.bytes + letters.reveal().encode()
    return hmac.digest(key.reveal(), message, hashlib.sha256)
