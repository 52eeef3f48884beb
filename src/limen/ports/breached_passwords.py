"""Passwords that attackers know already."""

from typing import Protocol

from limen.core.secret import Secret


class BreachedPasswords(Protocol):
    """Knows passwords that are common or were published in a breach."""

    async def contains(self, password: Secret[str]) -> bool:
        """Tell whether `password` is known, without regard to case.

        Raises `StorageUnavailable` when that cannot be found out; never guesses.
        """
        ...
