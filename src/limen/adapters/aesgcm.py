"""Secrets at rest under AES-256-GCM (NIST SP 800-38D)."""

from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from limen.core.errors import SealBroken
from limen.core.secret import Secret
from limen.ports.cipher import Cipher
from limen.ports.entropy import Entropy

_VERSION: Final = b"\x01"
_SHORTEST_KEY: Final = 32
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_PREFIX_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES


class AesGcmCipher:
    """Seals with the newest key and opens with any of them, so that keys can be changed.

    What is sealed is one version byte, four bytes that name the key, a random nonce of twelve
    bytes, and the text with its tag. The prefix and the place are authenticated. The key and its
    name are derived from the secret key by HKDF-SHA256 (RFC 5869).
    """

    def __init__(self, *, keys: Sequence[Secret[bytes]], entropy: Entropy) -> None:
        """Use the secret `keys`, newest first, each of at least 32 bytes."""
        if not keys or any(len(key.reveal()) < _SHORTEST_KEY for key in keys):
            raise ValueError(f"secret keys must have at least {_SHORTEST_KEY} bytes")
        self._entropy = entropy
        self._prefix = _prefix(keys[0])
        self._ciphers = {_prefix(key): _cipher(key) for key in reversed(keys)}

    def seal(self, plain: Secret[bytes], place: str) -> bytes:
        """Return `plain` encrypted for `place` (table, column and row)."""
        nonce = self._entropy.bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._prefix]
        text = cipher.encrypt(nonce, plain.reveal(), self._prefix + place.encode())
        return self._prefix + nonce + text

    def open(self, sealed: bytes, place: str) -> Secret[bytes]:
        """Return what was sealed for exactly this place; raise `SealBroken` for anything else."""
        prefix, rest = sealed[:_PREFIX_BYTES], sealed[_PREFIX_BYTES:]
        cipher = self._ciphers.get(prefix)
        if cipher is None:
            raise SealBroken
        nonce, text = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            return Secret(cipher.decrypt(nonce, text, prefix + place.encode()))
        except (InvalidTag, ValueError):
            raise SealBroken from None

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the newest key sealed this."""
        return sealed.startswith(self._prefix)


def _prefix(key: Secret[bytes]) -> bytes:
    return _VERSION + _derive(key, b"limen cipher 1 key id", _KEY_ID_BYTES)


def _cipher(key: Secret[bytes]) -> AESGCM:
    return AESGCM(_derive(key, b"limen cipher 1 key", _KEY_BYTES))


def _derive(key: Secret[bytes], info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=info).derive(key.reveal())


_conforms: type[Cipher] = AesGcmCipher
