"""PBKDF2 (RFC 8018) as passlib, Django, Werkzeug, ASP.NET Identity and Keycloak write it."""

import hashlib
import re
import struct
from functools import partial
from typing import Final

from limen.adapters.foreign.recipe import Recipe
from limen.adapters.foreign.texts import NUMBER, SALT_TEXT, read_base64, read_dotted_base64

MOST_ITERATIONS: Final = {"sha1": 3_000_000, "sha256": 3_000_000, "sha512": 1_000_000}
_SIZES: Final = {"sha1": 20, "sha256": 32, "sha512": 64}
_FEWEST_BYTES: Final = 16
_MOST_BYTES: Final = 64

_PASSLIB: Final = re.compile(
    rf"\$pbkdf2(?:-(?P<digest>sha256|sha512))?\$(?P<iterations>{NUMBER})"
    r"\$(?P<salt>[A-Za-z0-9./]{2,171})\$(?P<sum>[A-Za-z0-9./]{27,86})"
)
_DJANGO: Final = re.compile(
    rf"pbkdf2_(?P<digest>sha1|sha256)\$(?P<iterations>{NUMBER})"
    rf"\$(?P<salt>{SALT_TEXT})\$(?P<sum>[A-Za-z0-9+/=]{{28,44}})"
)
_WERKZEUG: Final = re.compile(
    rf"pbkdf2:(?P<digest>sha1|sha256|sha512):(?P<iterations>{NUMBER})"
    rf"\$(?P<salt>{SALT_TEXT})\$(?P<sum>(?:[0-9a-f]{{2}}){{20,64}})"
)
_KEYCLOAK: Final = re.compile(
    rf"\$keycloak\$pbkdf2(?:-(?P<digest>sha256|sha512))?\$(?P<iterations>{NUMBER})"
    r"\$(?P<salt>[A-Za-z0-9+/=]{4,88})\$(?P<sum>[A-Za-z0-9+/=]{24,88})"
)
_ASPNET: Final = re.compile("A[A-Za-z0-9+/]{47,191}={0,2}")
_ASPNET_HEAD: Final = struct.Struct(">BIII")
_ASPNET_DIGESTS: Final = ("sha1", "sha256", "sha512")
_ASPNET_2_BYTES: Final = 49
_ASPNET_2_ITERATIONS: Final = 1000
_ASPNET_FEWEST_SALT_BYTES: Final = 16
_ASPNET_SUM_BYTES: Final = {16, 32, 64}


def read_passlib(text: str) -> Recipe | None:
    """Read `$pbkdf2-<digest>$<iterations>$<salt>$<sum>`; without a digest it is SHA-1."""
    found = _PASSLIB.fullmatch(text)
    if found is None:
        return None
    salt, expected = read_dotted_base64(found["salt"]), read_dotted_base64(found["sum"])
    return _whole(found, salt, expected)


def read_django(text: str) -> Recipe | None:
    """Read `pbkdf2_<digest>$<iterations>$<salt>$<sum>`."""
    found = _DJANGO.fullmatch(text)
    if found is None:
        return None
    return _whole(found, found["salt"].encode(), read_base64(found["sum"]))


def read_werkzeug(text: str) -> Recipe | None:
    """Read `pbkdf2:<digest>:<iterations>$<salt>$<sum>`."""
    found = _WERKZEUG.fullmatch(text)
    if found is None:
        return None
    return _whole(found, found["salt"].encode(), bytes.fromhex(found["sum"]))


def read_keycloak(text: str) -> Recipe | None:
    """Read `$keycloak$<algorithm>$<hashIterations>$<salt>$<value>`, of its credential's fields."""
    found = _KEYCLOAK.fullmatch(text)
    if found is None:
        return None
    salt, expected = read_base64(found["salt"]), read_base64(found["sum"])
    return _recipe(found["digest"] or "sha1", int(found["iterations"]), salt, expected)


def read_aspnet_2(text: str) -> Recipe | None:
    """Read what ASP.NET Identity 2 stored: 0, 16 bytes of salt, 32 of 1000 times HMAC-SHA1."""
    raw = read_base64(text) if _ASPNET.fullmatch(text) else None
    if raw is None or len(raw) != _ASPNET_2_BYTES or raw[0] != 0:
        return None
    salt, expected = raw[1:17], raw[17:]
    return _recipe("sha1", _ASPNET_2_ITERATIONS, salt, expected)


def read_aspnet_3(text: str) -> Recipe | None:
    """Read what ASP.NET Core Identity stores: 1, digest, iterations, length of the salt, both."""
    raw = read_base64(text) if _ASPNET.fullmatch(text) else None
    if raw is None or len(raw) < _ASPNET_HEAD.size:
        return None
    marker, digest, iterations, salt_bytes = _ASPNET_HEAD.unpack_from(raw)
    if marker != 1 or digest >= len(_ASPNET_DIGESTS) or salt_bytes < _ASPNET_FEWEST_SALT_BYTES:
        return None
    rest = raw[_ASPNET_HEAD.size :]
    salt, expected = rest[:salt_bytes], rest[salt_bytes:]
    if len(expected) not in _ASPNET_SUM_BYTES:
        return None
    return _recipe(_ASPNET_DIGESTS[digest], iterations, salt, expected)


def _whole(found: re.Match[str], salt: bytes | None, expected: bytes | None) -> Recipe | None:
    """Return the recipe of a form whose sum is always as long as its digest."""
    digest = found["digest"] or "sha1"
    if expected is None or len(expected) != _SIZES[digest]:
        return None
    return _recipe(digest, int(found["iterations"]), salt, expected)


def _recipe(
    digest: str, iterations: int, salt: bytes | None, expected: bytes | None
) -> Recipe | None:
    if salt is None or expected is None or not _FEWEST_BYTES <= len(expected) <= _MOST_BYTES:
        return None
    # Every block of the result costs all iterations.
    blocks = -(-len(expected) // _SIZES[digest])
    if not 1 <= iterations * blocks <= MOST_ITERATIONS[digest]:
        return None
    derive = partial(
        _derived, digest=digest, salt=salt, iterations=iterations, length=len(expected)
    )
    return Recipe(derive=derive, expected=expected)


def _derived(password: bytes, *, digest: str, salt: bytes, iterations: int, length: int) -> bytes:
    return hashlib.pbkdf2_hmac(digest, password, salt, iterations, length)
