"""Credentials that nobody has, for names that nobody has: the answer tells neither."""

import hashlib
import hmac
from typing import Final

from limen.core.passkeys.options import Descriptor
from limen.core.secret import Secret

# What common authenticators make: lengths of ids in bytes, and ways to reach them.
_LENGTHS: Final = (16, 20, 32, 32)
_TRANSPORTS: Final = (("hybrid", "internal"), ("internal",), ("hybrid", "internal"), ("usb",))
_MOST: Final = 2


def decoys(key: Secret[bytes], subject: str) -> tuple[Descriptor, ...]:
    """Return one or two descriptors, always the same for `subject` under `key` of 32 bytes."""
    count = 1 + _draw(key, subject, "count")[0] % _MOST
    return tuple(_descriptor(key, subject, place) for place in range(count))


def _descriptor(key: Secret[bytes], subject: str, place: int) -> Descriptor:
    shape = _draw(key, subject, f"shape {place}")[0]
    length = _LENGTHS[shape % len(_LENGTHS)]
    return Descriptor(
        credential_id=_draw(key, subject, f"id {place}")[:length],
        transports=_TRANSPORTS[shape // len(_LENGTHS) % len(_TRANSPORTS)],
    )


def _draw(key: Secret[bytes], subject: str, what: str) -> bytes:
    message = f"limen decoy 1\0{what}\0{subject}".encode(errors="replace")
    return hmac.digest(key.reveal(), message, hashlib.sha256)
