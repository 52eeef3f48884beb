"""A foreign hash taken apart: what to do with a password, and what must come out."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from limen.ports.password_hasher import PasswordVerifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a password becomes the bytes that its hash ends with."""

    derive: Callable[[bytes], bytes]
    expected: bytes


Reader: TypeAlias = Callable[[str], Recipe | None]
"""Reads one form of hash; gives `None` for whatever is not exactly that, or costs too much."""


class ForeignScheme:
    """Verifies the hashes that its readers know; makes none.

    A password with NUL in it matches none of them: what is made by HMAC does not tell one that
    ends so from one that ends before, and what is made by C functions stops there.
    """

    def __init__(self, *readers: Reader) -> None:
        """Know the forms of `readers`, of which no two may read the same text."""
        self._readers = readers

    def recognises(self, digest: str) -> bool:
        """Tell whether `digest` has one of the forms, exactly, within its cost ceiling."""
        return self._read(digest) is not None

    def matches(self, password: str, digest: str) -> bool:
        """Tell whether `digest`, one of this scheme, is a hash of `password`."""
        recipe = self._read(digest)
        if recipe is None:
            raise ValueError("not a hash of this scheme")
        # Lone surrogates are nobody's password, but refusing them here would take no time at all.
        found = recipe.derive(password.encode("utf-8", "surrogatepass"))
        return hmac.compare_digest(found, recipe.expected) and "\0" not in password

    def _read(self, digest: str) -> Recipe | None:
        return next((recipe for read in self._readers if (recipe := read(digest))), None)


_conforms: type[PasswordVerifier] = ForeignScheme
