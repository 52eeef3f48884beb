"""Encryption of what is stored."""

from typing import Protocol

from limen.core.secret import Secret


class Cipher(Protocol):
    """Encrypts and authenticates small secrets at rest, bound to the place they are kept in."""

    def seal(self, plain: Secret[bytes], place: str) -> bytes:
        """Return `plain` encrypted for `place` (table, column and row)."""
        ...

    def open(self, sealed: bytes, place: str) -> Secret[bytes]:
        """Return what was sealed for exactly this place; raise `SealBroken` for anything else."""
        ...

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether this was sealed with the key that `seal` uses now."""
        ...
