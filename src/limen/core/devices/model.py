"""A device somebody signed in from, as far as it tells of itself.

A browser keeps a mark: `limen_dm_` and the base64url form of 32 random bytes, which say nothing.
Whoever keeps none is known by the network and by the user agent without its version numbers.
Nothing else is looked at.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from limen.core.encoding import read_base64url, write_base64url
from limen.core.ids import UserId
from limen.core.secret import Secret

PREFIX: Final = "limen_dm_"
MARK_BYTES: Final = 32
# Of one user. A browser takes one for its mark, and one for each network it is used in.
MOST_KNOWN: Final = 500
# As many as `Devices.list` returns.
MOST_LISTED: Final = 200
_ENCODED: Final = -(-MARK_BYTES * 4 // 3)
_MARK: Final = b"limen device mark 1\0"
_PAIR: Final = b"limen device pair 1\0"
_VERSIONS: Final = re.compile(r"\d[\d._]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device that a user has signed in from, by a digest that is of use for this user alone."""

    user_id: UserId
    digest: bytes
    first_seen_at: datetime
    last_seen_at: datetime


def write_mark(raw: bytes) -> Secret[str]:
    """Return the mark of a browser."""
    return Secret(PREFIX + write_base64url(raw))


def read_mark(mark: Secret[str] | None) -> bytes | None:
    """Return what a mark holds; `None` for what is none."""
    text = "" if mark is None else mark.reveal()
    body = text.removeprefix(PREFIX)
    if body == text or len(body) != _ENCODED:
        return None
    try:
        return read_base64url(body)
    except ValueError:
        return None


def digest_of_mark(user_id: UserId, raw: bytes) -> bytes:
    """Return what the mark of a browser is known by; who else uses the browser has another."""
    return hashlib.sha256(_MARK + user_id.bytes + raw).digest()


def digest_of_pair(user_id: UserId, network: str, user_agent: str | None) -> bytes:
    """Return what a caller without a mark is known by."""
    family = _VERSIONS.sub("", user_agent or "")
    pair = f"{network}\0{family}".encode(errors="replace")
    return hashlib.sha256(_PAIR + user_id.bytes + pair).digest()
