"""How foreign hashes write bytes and numbers as text: exactly one text for each."""

import base64
import binascii
from typing import Final

# Printable ASCII without the dollar sign, which parts the fields of most forms.
SALT_TEXT: Final = "[!-#%-~]{1,128}"
NUMBER: Final = "[1-9][0-9]{0,9}"
_ITOA64: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ITOA64: Final = "[./0-9A-Za-z]"
_VALUES: Final = {char: value for value, char in enumerate(_ITOA64)}
_BITS: Final = 6


def read_base64(text: str) -> bytes | None:
    """Return the bytes of padded base64 (RFC 4648 section 4), or `None` if it is not canonical."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def read_bare_base64(text: str) -> bytes | None:
    """Return the bytes of base64 without its padding, or `None` if it is not canonical."""
    return None if "=" in text else read_base64(text + "=" * (-len(text) % 4))


def read_dotted_base64(text: str) -> bytes | None:
    """Return the bytes of what passlib calls "adapted base64": no padding, `.` in place of `+`."""
    return None if "+" in text else read_bare_base64(text.replace(".", "+"))


def itoa64_value(text: str) -> int:
    """Return the number that the alphabet of crypt writes with its lowest six bits first."""
    return sum(_VALUES[char] << place * _BITS for place, char in enumerate(text))


def write_itoa64(raw: bytes) -> str:
    """Return bytes in the alphabet of crypt: three make four characters, lowest bits first."""
    return "".join(_write_group(raw[start : start + 3]) for start in range(0, len(raw), 3))


def _write_group(group: bytes) -> str:
    number = int.from_bytes(group, "little")
    return "".join(_ITOA64[number >> place * _BITS & 0x3F] for place in range(len(group) + 1))
