"""The portable hashes of phpass, as WordPress (`$P$`) and phpBB (`$H$`) kept them."""

import hashlib
import re
from functools import partial
from typing import Final

from limen.adapters.foreign.recipe import Recipe
from limen.adapters.foreign.texts import ITOA64, itoa64_value, write_itoa64

LOWEST_COST: Final = 7
CEILING: Final = 19
# The last character carries two bits of the sum: one hash, one spelling.
_FORM: Final = re.compile(
    rf"\$[PH]\$(?P<cost>{ITOA64})(?P<salt>{ITOA64}{{8}})(?P<sum>{ITOA64}{{21}}[./01])"
)


def read_phpass(text: str) -> Recipe | None:
    """Read `$P$<cost><salt><sum>`: MD5, 2**cost times."""
    found = _FORM.fullmatch(text)
    if found is None or not LOWEST_COST <= itoa64_value(found["cost"]) <= CEILING:
        return None
    rounds = 1 << itoa64_value(found["cost"])
    derive = partial(_stretched, salt=found["salt"].encode(), rounds=rounds)
    return Recipe(derive=derive, expected=found["sum"].encode())


def _stretched(password: bytes, *, salt: bytes, rounds: int) -> bytes:
    md5 = hashlib.md5  # What phpass is made of; a hash of it is replaced at the first sign-in.
    raw = md5(salt + password).digest()
    for _ in range(rounds):
        raw = md5(raw + password).digest()
    return write_itoa64(raw).encode()
