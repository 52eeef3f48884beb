"""The memory of one request that may be repeated."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

REMEMBERED: Final = timedelta(hours=24)
ABANDONED: Final = timedelta(minutes=1)

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What was answered: a status number, headers worth repeating, and the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request under an idempotency key. Without `sealed` its answer is still to come.

    `scope` is the digest of who asked and of their key, `fingerprint` the encrypted digest of what
    was asked; `sealed` is the encrypted answer.
    """

    scope: bytes
    fingerprint: bytes
    begun_at: datetime
    expires_at: datetime
    sealed: bytes | None = None


def parse_key(text: str) -> str:
    """Read an idempotency key; raise `ValueError` with a sentence for people."""
    if not _KEY.fullmatch(text):
        message = "must be 1 to 128 printable ASCII characters without spaces"
        raise ValueError(message)
    return text
