"""bcrypt as Django writes it, with and without SHA-256 in front, and passlib's first form."""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Final

import bcrypt

from limen.adapters.foreign.recipe import Recipe

LOWEST_COST: Final = 4
CEILING: Final = 15
_READ_BY_BCRYPT: Final = 72
_ALPHABET: Final = "[./A-Za-z0-9]"
# The last character of each part carries bits that no encoder sets: one hash, one spelling.
_SALT: Final = rf"(?P<salt>{_ALPHABET}{{21}}[.Oeu])"
_SUM: Final = rf"(?P<sum>{_ALPHABET}{{30}}[.CGKOSWaeimquy26])"
_MODULAR: Final = rf"\$(?P<version>2[aby])\$(?P<cost>[0-9]{{2}})\${_SALT}{_SUM}"
_DJANGO_PLAIN: Final = re.compile(rf"bcrypt\${_MODULAR}")
_DJANGO_SHA256: Final = re.compile(rf"bcrypt_sha256\${_MODULAR}")
_PASSLIB_1: Final = re.compile(
    rf"\$bcrypt-sha256\$(?P<version>2[ab]),(?P<cost>[1-9]?[0-9])\${_SALT}\${_SUM}"
)


def read_django_plain(text: str) -> Recipe | None:
    """Read `bcrypt$$2b$<cost>$<salt><sum>`, which looks at the first 72 bytes."""
    return _recipe(_DJANGO_PLAIN.fullmatch(text), lambda password: password[:_READ_BY_BCRYPT])


def read_django_sha256(text: str) -> Recipe | None:
    """Read `bcrypt_sha256$$2b$<cost>$<salt><sum>`, bcrypt over SHA-256 in hexadecimal."""
    return _recipe(_DJANGO_SHA256.fullmatch(text), _hexadecimal)


def read_passlib_1(text: str) -> Recipe | None:
    """Read `$bcrypt-sha256$2b,<cost>$<salt>$<sum>`, bcrypt over SHA-256 in base64."""
    return _recipe(_PASSLIB_1.fullmatch(text), _base64)


def _recipe(found: re.Match[str] | None, prepare: Callable[[bytes], bytes]) -> Recipe | None:
    if found is None or not LOWEST_COST <= int(found["cost"]) <= CEILING:
        return None
    setting = f"${found['version']}${int(found['cost']):02}${found['salt']}"
    derive = partial(_bcrypt_sum, prepare=prepare, setting=setting.encode())
    return Recipe(derive=derive, expected=found["sum"].encode())


def _bcrypt_sum(password: bytes, *, prepare: Callable[[bytes], bytes], setting: bytes) -> bytes:
    return bcrypt.hashpw(prepare(password), setting)[-31:]


def _hexadecimal(password: bytes) -> bytes:
    return hashlib.sha256(password).hexdigest().encode()


def _base64(password: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(password).digest())
