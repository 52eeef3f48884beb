"""scrypt (RFC 7914) as passlib, Django and Werkzeug write it."""

import hashlib
import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from limen.adapters.foreign.recipe import Recipe
from limen.adapters.foreign.texts import (
    ITOA64,
    NUMBER,
    SALT_TEXT,
    itoa64_value,
    read_bare_base64,
    read_base64,
    write_itoa64,
)

MOST_BYTES: Final = 256 * 1024 * 1024
MOST_LANES: Final = 16
_BYTES_PER_BLOCK: Final = 128

_PASSLIB: Final = re.compile(
    rf"\$scrypt\$ln=(?P<ln>[1-9][0-9]?),r=(?P<r>{NUMBER}),p=(?P<p>{NUMBER})"
    r"\$(?P<salt>[A-Za-z0-9+/]{2,171})\$(?P<sum>[A-Za-z0-9+/]{43})"
)
_SEVEN: Final = re.compile(
    rf"\$7\$(?P<ln>{ITOA64})(?P<r>{ITOA64}{{5}})(?P<p>{ITOA64}{{5}})"
    rf"(?P<salt>{ITOA64}{{1,128}})\$(?P<sum>{ITOA64}{{43}})"
)
_DJANGO: Final = re.compile(
    rf"scrypt\$(?P<n>{NUMBER})\$(?P<salt>{SALT_TEXT})\$(?P<r>{NUMBER})\$(?P<p>{NUMBER})"
    r"\$(?P<sum>[A-Za-z0-9+/]{86}==)"
)
_WERKZEUG: Final = re.compile(
    rf"scrypt:(?P<n>{NUMBER}):(?P<r>{NUMBER}):(?P<p>{NUMBER})"
    rf"\$(?P<salt>{SALT_TEXT})\$(?P<sum>[0-9a-f]{{128}})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """The N, r and p of RFC 7914."""

    n: int
    r: int
    p: int

    @property
    def is_bearable(self) -> bool:
        """Whether a sign-in may be made to spend this: 256 MiB in all lanes, one at a time."""
        return (
            self.n > 1
            and self.n & (self.n - 1) == 0
            and self.r >= 1
            and 1 <= self.p <= MOST_LANES
            and _BYTES_PER_BLOCK * self.n * self.r * self.p <= MOST_BYTES
        )


def scrypt(password: bytes, *, salt: bytes, cost: ScryptCost, length: int) -> bytes:
    """Derive `length` bytes; raise `MemoryError` when the memory cannot be had."""
    room = _BYTES_PER_BLOCK * cost.r * (cost.n + cost.p + 2)
    try:
        return hashlib.scrypt(
            password, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=room, dklen=length
        )
    except ValueError as error:
        raise MemoryError(str(error)) from error


def read_passlib(text: str) -> Recipe | None:
    """Read `$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<sum>`."""
    found = _PASSLIB.fullmatch(text)
    if found is None:
        return None
    cost = ScryptCost(n=1 << int(found["ln"]), r=int(found["r"]), p=int(found["p"]))
    return _recipe(cost, read_bare_base64(found["salt"]), read_bare_base64(found["sum"]))


def read_seven(text: str) -> Recipe | None:
    """Read `$7$`, the form of Colin Percival's and Solar Designer's crypt."""
    found = _SEVEN.fullmatch(text)
    if found is None:
        return None
    cost = ScryptCost(
        n=1 << itoa64_value(found["ln"]), r=itoa64_value(found["r"]), p=itoa64_value(found["p"])
    )
    if not cost.is_bearable:
        return None
    derive = partial(_seven_sum, salt=found["salt"].encode(), cost=cost)
    return Recipe(derive=derive, expected=found["sum"].encode())


def read_django(text: str) -> Recipe | None:
    """Read `scrypt$<N>$<salt>$<r>$<p>$<sum>`."""
    found = _DJANGO.fullmatch(text)
    if found is None:
        return None
    return _recipe(_plain_cost(found), found["salt"].encode(), read_base64(found["sum"]))


def read_werkzeug(text: str) -> Recipe | None:
    """Read `scrypt:<N>:<r>:<p>$<salt>$<sum>`."""
    found = _WERKZEUG.fullmatch(text)
    if found is None:
        return None
    return _recipe(_plain_cost(found), found["salt"].encode(), bytes.fromhex(found["sum"]))


def _plain_cost(found: re.Match[str]) -> ScryptCost:
    return ScryptCost(n=int(found["n"]), r=int(found["r"]), p=int(found["p"]))


def _recipe(cost: ScryptCost, salt: bytes | None, expected: bytes | None) -> Recipe | None:
    if not cost.is_bearable or salt is None or expected is None:
        return None
    derive = partial(scrypt, salt=salt, cost=cost, length=len(expected))
    return Recipe(derive=derive, expected=expected)


def _seven_sum(password: bytes, *, salt: bytes, cost: ScryptCost) -> bytes:
    return write_itoa64(scrypt(password, salt=salt, cost=cost, length=32)).encode()
