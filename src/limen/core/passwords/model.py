"""What a good password is, and the credential that keeps its hash."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from limen.core.errors import Fault
from limen.core.ids import UserId
from limen.core.secret import Secret, as_secret
from limen.core.text import fold, is_too_long_to_normalise

LONGEST_PASSWORD: Final = 256
_SHORTEST_OWN_WORD: Final = 4
_FEWEST_OTHER_CHARACTERS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordCredential:
    """The hash of a user's password, in the modular form its scheme writes, and since when.

    From `reset_required_at` on it lets nobody in: only another password takes that away.
    """

    user_id: UserId
    digest: Secret[str]
    changed_at: datetime
    reset_required_at: datetime | None = None
    version: int = 1

    @property
    def must_be_reset(self) -> bool:
        """Tell whether the password lets nobody in any more."""
        return self.reset_required_at is not None

    def lets_in_by(self, digest: Secret[str]) -> bool:
        """Tell whether the password with this hash, verified before, is good still."""
        return self.digest == digest and not self.must_be_reset

    def changed(self, digest: Secret[str], now: datetime) -> "PasswordCredential":
        """Put the hash of a new password in place of the present one."""
        return replace(
            self, digest=digest, changed_at=now, reset_required_at=None, version=self.version + 1
        )

    def marked(self, now: datetime) -> "PasswordCredential":
        """Let nobody in by the present password any more."""
        return replace(self, reset_required_at=now, version=self.version + 1)

    def upgraded(self, digest: Secret[str]) -> "PasswordCredential":
        """Put another hash of the same password in place of the present one."""
        return replace(self, digest=digest, version=self.version + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What a new password must be: length in characters after NFKC, and not guessable.

    No rules of composition (NIST SP 800-63B-4 section 3.1.1.2).
    """

    min_length: int = 12
    max_length: int = LONGEST_PASSWORD

    def faults(self, password: Secret[str], own_words: Sequence[str]) -> tuple[Fault, ...]:
        """Name everything that is wrong with `password` for somebody with these own words.

        It comes as it was given; length counts after normalising.
        """
        if is_too_long_to_normalise(password.reveal(), self.max_length):
            return (self._too_long(),)
        text = normalise(password).reveal()
        found = []
        if len(text) < self.min_length:
            found.append(_fault("too_short", f"must be at least {self.min_length} characters"))
        if len(text) > self.max_length:
            found.append(self._too_long())
        elif _is_made_of(fold(text), own_words):
            found.append(_fault("own_words", "must not be made of your own name or address"))
        return tuple(found)

    def _too_long(self) -> Fault:
        return _fault("too_long", f"must be at most {self.max_length} characters")


def normalise(password: Secret[str] | str) -> Secret[str]:
    """Return a password in the one form that is counted and hashed: NFKC, once (RFC 8265)."""
    text = as_secret(password).reveal()
    return Secret(unicodedata.normalize("NFKC", text))


def checkable(password: Secret[str] | str) -> Secret[str] | None:
    """Return the form of a password that is compared, or `None` if it can be nobody's."""
    plain = as_secret(password)
    if is_too_long_to_normalise(plain.reveal(), LONGEST_PASSWORD) or not is_encodable(plain):
        return None
    normal = normalise(plain)
    return normal if len(normal.reveal()) <= LONGEST_PASSWORD else None


def common_password() -> Fault:
    """Return the fault of a password that is on a list of common or breached ones."""
    return _fault("common", "is on the lists that attackers try first; choose another")


def unspeakable_password() -> Fault:
    """Return the fault of text that cannot be encoded, and so cannot be hashed."""
    return _fault("not_text", "must be valid Unicode text")


def is_encodable(password: Secret[str]) -> bool:
    """Tell whether a password is text at all: lone surrogates are not (RFC 3629 section 3)."""
    return not any(unicodedata.category(char) == "Cs" for char in password.reveal())


def _fault(code: str, message: str) -> Fault:
    return Fault("password", code, message)


def _is_made_of(folded: str, own_words: Sequence[str]) -> bool:
    for word in own_words:
        part = fold(word)
        if len(part) >= _SHORTEST_OWN_WORD and part in folded:
            rest = folded.replace(part, "")
            if len(rest) < _FEWEST_OTHER_CHARACTERS:
                return True
    return False
