"""Passwords hashed by bcrypt: limen's own form, and plain hashes that came from elsewhere."""

import base64
import hmac
import re
from dataclasses import dataclass
from typing import Final

import bcrypt

from limen.ports.password_hasher import PasswordScheme

LOWEST_COST: Final = 4
CEILING: Final = 15
_READ_BY_BCRYPT: Final = 72
_ALPHABET: Final = "[./A-Za-z0-9]"
# The last character of each part carries bits that no encoder sets: one hash, one spelling.
_SALT: Final = rf"(?P<salt>{_ALPHABET}{{21}}[.Oeu])"
_SUM: Final = rf"(?P<sum>{_ALPHABET}{{30}}[.CGKOSWaeimquy26])"
_KEYED: Final = re.compile(rf"\$bcrypt-sha256\$v=2,t=2b,r=(?P<cost>[1-9]?[0-9])\${_SALT}\${_SUM}")
_PLAIN: Final = re.compile(rf"\$(?P<version>2[aby])\$(?P<cost>[0-9]{{2}})\${_SALT}{_SUM}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digest:
    """A hash taken apart. `version` is the marker of a plain one; the others are keyed."""

    cost: int
    salt: str
    sum: str
    version: str | None

    @property
    def is_keyed(self) -> bool:
        return self.version is None


class BcryptScheme:
    """Hashes with bcrypt over HMAC-SHA256, and verifies plain `$2a$`, `$2b$` and `$2y$` too.

    A new hash is `$bcrypt-sha256$v=2,t=2b,r=<cost>$<salt>$<sum>`, the form that passlib documents:
    bcrypt over base64(HMAC-SHA256(key=salt, message=password in UTF-8)). So every byte of a long
    password counts, NUL is a byte like any other, and a plain hash stolen elsewhere cannot be
    tried against these (the key is the salt). Plain hashes look at the first 72 bytes only, as
    the libraries that made them did.
    """

    def __init__(self, cost: int) -> None:
        """Hash with 2**`cost` rounds; `cost` is 4 to 15."""
        if not LOWEST_COST <= cost <= CEILING:
            raise ValueError(f"the cost of bcrypt must be {LOWEST_COST} to {CEILING}")
        self._cost = cost

    def recognises(self, digest: str) -> bool:
        """Tell whether `digest` is a well-formed hash of this scheme of cost 4 to 15."""
        return _match(digest) is not None

    def is_current(self, digest: str) -> bool:
        """Tell whether `digest`, one of this scheme, has the present form and cost."""
        parsed = _parse(digest)
        return parsed.is_keyed and parsed.cost == self._cost

    def hash(self, password: str) -> str:
        """Return a new hash of `password`."""
        salt = bcrypt.gensalt(self._cost).decode()[-22:]
        made = _keyed_sum(password, self._cost, salt)
        return f"$bcrypt-sha256$v=2,t=2b,r={self._cost}${salt}${made}"

    def matches(self, password: str, digest: str) -> bool:
        """Tell whether `digest`, one of this scheme, is a hash of `password`.

        A mismatch with a cheaper hash takes as long as one with a present hash: how long a
        refusal takes must not tell whose account was brought in from elsewhere.
        """
        parsed = _parse(digest)
        if parsed.version is None:
            found = _keyed_sum(password, parsed.cost, parsed.salt)
        else:
            key = _encode(password)[:_READ_BY_BCRYPT]
            found = _bcrypt_sum(key, parsed.version, parsed.cost, parsed.salt)
        is_match = hmac.compare_digest(found, parsed.sum)
        if not is_match:
            # 2**c + (2**c + 2**(c+1) + … + 2**(n-1)) = 2**n rounds.
            for cost in range(parsed.cost, self._cost):
                _keyed_sum(password, cost, parsed.salt)
        return is_match


def _match(digest: str) -> re.Match[str] | None:
    found = _PLAIN.fullmatch(digest) or _KEYED.fullmatch(digest)
    return found if found and LOWEST_COST <= int(found["cost"]) <= CEILING else None


def _parse(digest: str) -> _Digest:
    found = _match(digest)
    if found is None:
        raise ValueError("not a bcrypt hash")
    return _Digest(
        cost=int(found["cost"]),
        salt=found["salt"],
        sum=found["sum"],
        version=found.groupdict().get("version"),
    )


def _encode(password: str) -> bytes:
    # Lone surrogates are nobody's password, but refusing them here would take no time at all.
    return password.encode("utf-8", "surrogatepass")


def _keyed_sum(password: str, cost: int, salt: str) -> str:
    key = base64.b64encode(hmac.digest(salt.encode(), _encode(password), "sha256"))
    return _bcrypt_sum(key, "2b", cost, salt)


def _bcrypt_sum(key: bytes, version: str, cost: int, salt: str) -> str:
    return bcrypt.hashpw(key, f"${version}${cost:02}${salt}".encode()).decode()[-31:]


_conforms: type[PasswordScheme] = BcryptScheme
