"""sha256-crypt and sha512-crypt, by Ulrich Drepper's specification (version 0.6, 2016)."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any, Final

from limen.adapters.foreign.recipe import Recipe
from limen.adapters.foreign.texts import ITOA64, write_itoa64

FEWEST_ROUNDS: Final = 1000
MOST_ROUNDS: Final = 700_000
_DEFAULT_ROUNDS: Final = 5000
_SHORTEST_REPEAT: Final = 16
# A round looks at its number modulo 2, 3 and 7.
_PERIOD: Final = 42
_HEAD: Final = rf"(?:rounds=(?P<rounds>[1-9][0-9]{{3,5}})\$)?(?P<salt>{ITOA64}{{1,16}})\$"
# The last character of a sum has bits to spare: one hash, one spelling.
_SHA256: Final = re.compile(rf"\$5\${_HEAD}(?P<sum>{ITOA64}{{42}}[./0-9A-D])")
_SHA512: Final = re.compile(rf"\$6\${_HEAD}(?P<sum>{ITOA64}{{85}}[./01])")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One of the two: its digest, and the groups of places in which the sum is written."""

    make: Callable[[bytes], Any]
    groups: tuple[tuple[int, ...], ...]

    def sum(self, data: bytes) -> bytes:
        made: bytes = self.make(data).digest()
        return made

    def write(self, raw: bytes) -> bytes:
        return "".join(
            write_itoa64(bytes(raw[at] for at in group)) for group in self.groups
        ).encode()


def _groups(third: int, turn: int, rest: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return one byte of each third by turns, and the rest; each group from its lowest byte on."""
    found = []
    for number in range(third):
        places = (number + 2 * third, number + third, number)
        shift = turn * number % 3
        found.append(places[shift:] + places[:shift])
    return (*found, rest)


_KINDS: Final = {
    "5": _Kind(make=hashlib.sha256, groups=_groups(10, 1, (30, 31))),
    "6": _Kind(make=hashlib.sha512, groups=_groups(21, -1, (63,))),
}


def read_sha256_crypt(text: str) -> Recipe | None:
    """Read `$5$rounds=<rounds>$<salt>$<sum>`; without rounds it is 5000."""
    return _recipe(_KINDS["5"], _SHA256.fullmatch(text))


def read_sha512_crypt(text: str) -> Recipe | None:
    """Read `$6$rounds=<rounds>$<salt>$<sum>`; without rounds it is 5000."""
    return _recipe(_KINDS["6"], _SHA512.fullmatch(text))


def _recipe(kind: _Kind, found: re.Match[str] | None) -> Recipe | None:
    if found is None:
        return None
    rounds = int(found["rounds"] or _DEFAULT_ROUNDS)
    if not FEWEST_ROUNDS <= rounds <= MOST_ROUNDS:
        return None
    derive = partial(_crypted, kind=kind, salt=found["salt"].encode(), rounds=rounds)
    return Recipe(derive=derive, expected=found["sum"].encode())


def _crypted(password: bytes, *, kind: _Kind, salt: bytes, rounds: int) -> bytes:
    """Do the steps 1 to 22 of the specification."""
    state = kind.sum(_start(kind, password, salt))
    word = _filled(kind.sum(password * len(password)), len(password))
    grain = _filled(kind.sum(salt * (_SHORTEST_REPEAT + state[0])), len(salt))
    make = kind.make
    for number, middle in islice(cycle(_middles(word, grain)), rounds):
        state = make(middle + state if number & 1 else state + middle).digest()
    return kind.write(state)


def _middles(word: bytes, grain: bytes) -> list[tuple[int, bytes]]:
    """Return what each round of a period puts before the state (the odd ones) or behind it."""
    found = []
    for number in range(_PERIOD):
        between = (grain if number % 3 else b"") + (word if number % 7 else b"")
        found.append((number, word + between if number & 1 else between + word))
    return found


def _start(kind: _Kind, password: bytes, salt: bytes) -> bytes:
    """Return what the first digest is made of: steps 1 to 12."""
    mixed = kind.sum(password + salt + password)
    parts = [password, salt, _filled(mixed, len(password))]
    length = len(password)
    while length:
        parts.append(mixed if length & 1 else password)
        length >>= 1
    return b"".join(parts)


def _filled(block: bytes, length: int) -> bytes:
    """Return `block` again and again, until there are `length` bytes."""
    return (block * (length // len(block) + 1))[:length]
