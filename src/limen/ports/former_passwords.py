"""Passwords that are still where people came from."""

from typing import Protocol

from limen.core.secret import Secret


class FormerPasswords(Protocol):
    """Knows the passwords of people who moved in without their hashes."""

    async def matches(self, name: str, password: Secret[str]) -> bool:
        """Tell whether `password` is that of the person whom the former system calls `name`.

        Raises `FormerSystemUnavailable` when that cannot be found out; never guesses.
        """
        ...
