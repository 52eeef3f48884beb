"""How an API key is written: `limen_ak_<id>_<secret>_<checksum>`.

Secret scanners find it by its prefix and its fixed length, and tell it from a lookalike by the
checksum (CRC-32 of all that stands before it), as limen does before it asks any store. Id (16
bytes), secret (32) and checksum (4) are in base 62. The part before the secret is public: it names
the key and lets nobody in.
"""

import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from limen.core.encoding import base62_length, read_base62, write_base62
from limen.core.errors import ApiKeyInvalid
from limen.core.ids import ApiKeyId
from limen.core.secret import Secret

PREFIX: Final = "limen_ak_"
SECRET_BYTES: Final = 32
_ID_BYTES: Final = 16
_CHECKSUM_BYTES: Final = 4

_ID_LENGTH: Final = base62_length(_ID_BYTES)
_SECRET_LENGTH: Final = base62_length(SECRET_BYTES)
_CHECKSUM_LENGTH: Final = base62_length(_CHECKSUM_BYTES)
LENGTH: Final = len(PREFIX) + _ID_LENGTH + 1 + _SECRET_LENGTH + 1 + _CHECKSUM_LENGTH

# What secret scanners look for.
PATTERN: Final = (
    rf"{PREFIX}[0-9A-Za-z]{{{_ID_LENGTH}}}_[0-9A-Za-z]{{{_SECRET_LENGTH}}}"
    rf"_[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}}"
)
_KEY: Final = re.compile(PATTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedKey:
    """A key as it came in, well-formed but not yet believed."""

    key_id: ApiKeyId
    digest: bytes

    def has_secret_of(self, digest: bytes | None) -> bool:
        """Tell whether its secret is the one with this digest; without one, after the same work."""
        is_equal = hmac.compare_digest(self.digest, digest or bytes(len(self.digest)))
        return is_equal and digest is not None


def write_key(key_id: ApiKeyId, secret: bytes) -> Secret[str]:
    """Return a whole key."""
    body = f"{public_part(key_id)}_{write_base62(secret)}"
    return Secret(f"{body}_{_checksum(body)}")


def public_part(key_id: ApiKeyId) -> str:
    """Return the part of a key that names it, for lists, logs and events."""
    return PREFIX + write_base62(key_id.bytes)


def is_key(text: str) -> bool:
    """Tell whether `text` means to be a key: it begins like one."""
    return text.startswith(PREFIX)


def read_key(key: Secret[str]) -> PresentedKey:
    """Take a key apart; raise `ApiKeyInvalid` if it is misspelt or none."""
    text = key.reveal()
    if len(text) != LENGTH or not _KEY.fullmatch(text):
        raise ApiKeyInvalid
    body, _, checksum = text.rpartition("_")
    if checksum != _checksum(body):
        raise ApiKeyInvalid
    named, _, secret = body.removeprefix(PREFIX).partition("_")
    try:
        key_id, raw = read_base62(named, _ID_BYTES), read_base62(secret, SECRET_BYTES)
    except ValueError:
        raise ApiKeyInvalid from None
    return PresentedKey(key_id=ApiKeyId(UUID(bytes=key_id)), digest=digest_of(raw))


def read_key_id(text: str) -> ApiKeyId | None:
    """Return the id of a key, written as a UUID or as its public part; `None` for anything else."""
    try:
        if is_key(text):
            return ApiKeyId(UUID(bytes=read_base62(text.removeprefix(PREFIX), _ID_BYTES)))
        return ApiKeyId(UUID(text))
    except ValueError:
        return None


def digest_of(secret: bytes) -> bytes:
    """Return the digest under which a secret is stored; it is long, so it needs no slow hash."""
    return hashlib.sha256(secret).digest()


def _checksum(body: str) -> str:
    return write_base62(zlib.crc32(body.encode()).to_bytes(_CHECKSUM_BYTES))
