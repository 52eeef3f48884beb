"""Hashing of passwords, and checking them against hashes."""

from typing import Protocol

from limen.core.secret import Secret


class PasswordHasher(Protocol):
    """Hashes and verifies without ever blocking the event loop, a bounded number at a time.

    Every method that hashes raises `HashingBusy`, with `retry_after`, when too much is waiting.
    """

    async def hash(self, password: Secret[str]) -> Secret[str]:
        """Return a new hash of `password`, by the present scheme and cost."""
        ...

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        """Raise `PasswordMismatch` unless `digest` is a hash of `password`.

        With no digest, or one of no known scheme, the work of a present hash is done all the same
        before the refusal.
        """
        ...

    def needs_upgrade(self, digest: Secret[str]) -> bool:
        """Tell whether `digest` was made by another scheme or cost than the present one."""
        ...

    def check_known(self, digest: Secret[str]) -> None:
        """Raise `PasswordHashUnknown` unless a sign-in could verify `digest`.

        It must be well-formed, of a known scheme, and within the cost ceiling of what a sign-in
        may be made to spend.
        """
        ...


class PasswordVerifier(Protocol):
    """One way to verify a hash, blocking, as one library does it."""

    def recognises(self, digest: str) -> bool:
        """Tell whether `digest` is a well-formed hash of this scheme within its cost ceiling."""
        ...

    def matches(self, password: str, digest: str) -> bool:
        """Tell whether `digest`, one of this scheme, is a hash of `password`."""
        ...


class PasswordScheme(PasswordVerifier, Protocol):
    """One way to hash, blocking, as one library does it."""

    def is_current(self, digest: str) -> bool:
        """Tell whether `digest`, one of this scheme, has the present parameters."""
        ...

    def hash(self, password: str) -> str:
        """Return a new hash of `password`."""
        ...
