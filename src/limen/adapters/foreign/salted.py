"""One digest over password and salt: what LDAP servers and old Django kept.

None of these costs an attacker anything: they are here to be replaced at the first sign-in.
"""

import hashlib
import re
from functools import partial
from typing import Final

from limen.adapters.foreign.recipe import Reader, Recipe
from limen.adapters.foreign.texts import SALT_TEXT, read_base64

_FEWEST_SALT_BYTES: Final = 4
_MOST_SALT_BYTES: Final = 64


def _ldap(mark: str, digest: str) -> Reader:
    """Return the reader of `{<mark>}<base64 of sum and salt>` (RFC 2307, with a salt)."""
    form = re.compile(rf"\{{{mark}\}}(?P<body>[A-Za-z0-9+/]{{24,172}}={{0,2}})")
    size = hashlib.new(digest).digest_size

    def read(text: str) -> Recipe | None:
        found = form.fullmatch(text)
        raw = read_base64(found["body"]) if found else None
        if raw is None or not _FEWEST_SALT_BYTES <= len(raw) - size <= _MOST_SALT_BYTES:
            return None
        expected, salt = raw[:size], raw[size:]
        return Recipe(derive=partial(_digest_of, digest=digest, after=salt), expected=expected)

    return read


def _django(digest: str) -> Reader:
    """Return the reader of `<digest>$<salt>$<sum in hexadecimal>`, the salt in front."""
    size = hashlib.new(digest).digest_size
    form = re.compile(rf"{digest}\$(?P<salt>{SALT_TEXT})\$(?P<sum>[0-9a-f]{{{2 * size}}})")

    def read(text: str) -> Recipe | None:
        found = form.fullmatch(text)
        if found is None:
            return None
        derive = partial(_digest_of, digest=digest, before=found["salt"].encode())
        return Recipe(derive=derive, expected=bytes.fromhex(found["sum"]))

    return read


def _digest_of(password: bytes, *, digest: str, before: bytes = b"", after: bytes = b"") -> bytes:
    return hashlib.new(digest, before + password + after).digest()


read_smd5: Final = _ldap("SMD5", "md5")
read_ssha: Final = _ldap("SSHA", "sha1")
read_ssha256: Final = _ldap("SSHA256", "sha256")
read_ssha512: Final = _ldap("SSHA512", "sha512")
read_salted_md5: Final = _django("md5")
read_salted_sha1: Final = _django("sha1")
