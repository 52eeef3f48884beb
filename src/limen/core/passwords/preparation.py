"""From a password somebody chose to a hash that may be stored."""

from collections.abc import Sequence
from dataclasses import replace

from limen.core.errors import Fault, PasswordRefused
from limen.core.passwords.model import (
    PasswordPolicy,
    common_password,
    is_encodable,
    normalise,
    unspeakable_password,
)
from limen.core.secret import Secret, as_secret
from limen.ports.breached_passwords import BreachedPasswords
from limen.ports.password_hasher import PasswordHasher


class PasswordPreparation:
    """Judges new passwords by the policy and the breached lists, and hashes the good ones."""

    def __init__(
        self, *, policy: PasswordPolicy, breached: BreachedPasswords, hasher: PasswordHasher
    ) -> None:
        self._policy = policy
        self._breached = breached
        self._hasher = hasher

    async def faults(
        self, password: Secret[str] | str, own_words: Sequence[str]
    ) -> tuple[Fault, ...]:
        """Name everything that is wrong with a password for somebody with these own words."""
        plain = as_secret(password)
        if not is_encodable(plain):
            return (unspeakable_password(),)
        found = self._policy.faults(plain, own_words)
        is_too_long = any(fault.code == "too_long" for fault in found)
        if not is_too_long and await self._breached.contains(normalise(plain)):
            found = (*found, common_password())
        return found

    async def prepare(
        self, password: Secret[str] | str, own_words: Sequence[str], *, field: str
    ) -> Secret[str]:
        """Return the hash of a good password; raise `PasswordRefused` naming every fault.

        The faults are those of `field`, as the caller knows it.
        """
        faults = await self.faults(password, own_words)
        if faults:
            raise PasswordRefused(details=tuple(replace(fault, field=field) for fault in faults))
        return await self.hash(password)

    async def hash(self, password: Secret[str] | str) -> Secret[str]:
        """Return the hash of a password that was judged already."""
        return await self._hasher.hash(normalise(password))
