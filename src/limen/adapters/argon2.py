"""Passwords hashed by Argon2 (RFC 9106)."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, VerificationError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION, Type, verify_secret

from limen.ports.password_hasher import PasswordScheme

_TYPES: Final = {"argon2d": Type.D, "argon2i": Type.I, "argon2id": Type.ID}
_NUMBER: Final = "[1-9][0-9]{0,9}"
_FORM: Final = re.compile(
    # Django writes the name of its hasher in front.
    rf"(?P<django>argon2)?\$(?P<type>argon2(?:id|i|d))(?:\$v=(?P<version>16|19))?"
    rf"\$m=(?P<memory>{_NUMBER}),t=(?P<time>{_NUMBER}),p=(?P<lanes>{_NUMBER})"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,86})\$(?P<tag>[A-Za-z0-9+/]{16,86})"
)
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 32

MOST_MEMORY: Final = 256 * 1024
MOST_TIME: Final = 16
MOST_LANES: Final = 16
MOST_WORK: Final = 1024 * 1024
_LEAST_MEMORY_PER_LANE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Cost:
    """What a hash costs: KiB of memory, passes over it, lanes.

    The default is one of the OWASP Password Storage Cheat Sheet's equals.
    """

    memory: int = 47_104
    time: int = 1
    lanes: int = 1

    @property
    def is_bearable(self) -> bool:
        """Whether a sign-in may be made to spend this: 256 MiB at once, 1 GiB in all passes."""
        return (
            self.lanes * _LEAST_MEMORY_PER_LANE <= self.memory <= MOST_MEMORY
            and 1 <= self.time <= MOST_TIME
            and 1 <= self.lanes <= MOST_LANES
            and self.memory * self.time <= MOST_WORK
        )


class Argon2Scheme:
    """Hashes with Argon2id, and verifies `$argon2id$`, `$argon2i$` and `$argon2d$` hashes.

    Those that Django stores, with `argon2` in front, are verified too. `hash` and `matches` raise
    `MemoryError` when the memory for a hash cannot be had.
    """

    def __init__(self, cost: Argon2Cost | None = None) -> None:
        """Hash at `cost`; raise `ValueError` for one that no sign-in may be made to spend."""
        self._cost = cost or Argon2Cost()
        if not self._cost.is_bearable:
            raise ValueError("the cost of argon2 is out of bounds")
        self._hasher = PasswordHasher(
            time_cost=self._cost.time,
            memory_cost=self._cost.memory,
            parallelism=self._cost.lanes,
            hash_len=_TAG_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )

    def recognises(self, digest: str) -> bool:
        """Tell whether `digest` is a well-formed hash of this scheme within the ceilings."""
        found = _FORM.fullmatch(digest)
        return (
            found is not None
            and _cost(found).is_bearable
            and _is_canonical(found["salt"])
            and _is_canonical(found["tag"])
        )

    def is_current(self, digest: str) -> bool:
        """Tell whether `digest`, one of this scheme, is Argon2id at the present cost."""
        found = _parsed(digest)
        return (
            found["django"] is None
            and found["type"] == "argon2id"
            and found["version"] == str(ARGON2_VERSION)
            and _cost(found) == self._cost
        )

    def hash(self, password: str) -> str:
        """Return a new hash of `password`."""
        try:
            return self._hasher.hash(_encode(password))
        except HashingError as error:
            raise MemoryError(str(error)) from error

    def matches(self, password: str, digest: str) -> bool:
        """Tell whether `digest`, one of this scheme, is a hash of `password`."""
        found = _parsed(digest)
        try:
            plain = digest.removeprefix("argon2").encode()
            return verify_secret(plain, _encode(password), _TYPES[found["type"]])
        except VerifyMismatchError:
            return False
        except VerificationError as error:
            raise MemoryError(str(error)) from error


def _parsed(digest: str) -> re.Match[str]:
    found = _FORM.fullmatch(digest)
    if found is None:
        raise ValueError("not an argon2 hash")
    return found


def _cost(found: re.Match[str]) -> Argon2Cost:
    return Argon2Cost(
        memory=int(found["memory"]), time=int(found["time"]), lanes=int(found["lanes"])
    )


def _is_canonical(text: str) -> bool:
    """Tell whether `text` is base64 without padding and without stray bits at its end."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return False
    return base64.b64encode(raw).decode().rstrip("=") == text


def _encode(password: str) -> bytes:
    # Lone surrogates are nobody's password, but refusing them here would take no time at all.
    return password.encode("utf-8", "surrogatepass")


_conforms: type[PasswordScheme] = Argon2Scheme
