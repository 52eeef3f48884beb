"""Text forms for bytes, each canonical: the same bytes never have two texts.

Base64url without padding (RFC 4648 section 5) is the usual one; base 62 has nothing but letters and
digits, for what people select with a double click.
"""

import base64
import binascii
import string
from typing import Final

_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES: Final = {char: value for value, char in enumerate(_BASE62)}
_BITS: Final = 8


def write_base64url(raw: bytes) -> str:
    """Return `raw` as text."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_base64url(text: str) -> bytes:
    """Return the bytes of `text`; raise `ValueError` unless it is exactly what we would write.

    Refusing other spellings of the same bytes keeps one token from having several texts
    (RFC 4648 section 3.5).
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if write_base64url(raw) != text:
        raise ValueError("not canonical")
    return raw


def base62_length(size: int) -> int:
    """Return how many characters `size` bytes have in base 62."""
    length, reach = 0, 1
    while reach < 1 << (_BITS * size):
        length, reach = length + 1, reach * len(_BASE62)
    return length


def write_base62(raw: bytes) -> str:
    """Return `raw` as text whose length depends on that of `raw` alone."""
    number, letters = int.from_bytes(raw), []
    for _ in range(base62_length(len(raw))):
        number, letter = divmod(number, len(_BASE62))
        letters.append(_BASE62[letter])
    return "".join(reversed(letters))


def read_base62(text: str, size: int) -> bytes:
    """Return the `size` bytes of `text`; raise `ValueError` unless we would write exactly that."""
    if len(text) != base62_length(size):
        raise ValueError("of another length")
    number = 0
    for char in text:
        if char not in _VALUES:
            raise ValueError("not base 62")
        number = number * len(_BASE62) + _VALUES[char]
    try:
        return number.to_bytes(size)
    except OverflowError:
        raise ValueError("too large") from None
