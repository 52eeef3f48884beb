"""Passwords that are still in a former system: asked for there until the first sign-in."""

import asyncio
from contextlib import suppress
from typing import Final

from limen.core.errors import (
    FormerSystemUnavailable,
    HashingBusy,
    PasswordMismatch,
)
from limen.core.secret import Secret
from limen.ports.former_passwords import FormerPasswords
from limen.ports.password_hasher import PasswordHasher

MARK: Final = "$former$"
LONGEST_NAME: Final = 320
_MOST_AT_ONCE: Final = 64
_RETRY_AFTER: Final = 1.0


def former_name(digest: Secret[str]) -> str | None:
    """Return what the former system calls the owner of `digest`, if that is `$former$<name>`."""
    mark, name = digest.reveal()[: len(MARK)], digest.reveal()[len(MARK) :]
    is_name = 0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip()
    return name if mark == MARK and is_name else None


class AskingHasher:
    """A hasher that asks the former system about those whose password is still there.

    In place of a hash they have `$former$<name>`, which always needs an upgrade: who proves right
    has a hash of limen's own after that, and is never asked about again. While the former system
    is asked, the work of a present hash is done, so that a refusal that comes quickly from there
    takes as long here as any other. Whatever is not a clear yes in time is a refusal.
    """

    def __init__(
        self, hasher: PasswordHasher, former: FormerPasswords, *, patience: float = 5.0
    ) -> None:
        """Ask `former`, and wait `patience` seconds for its answer."""
        self._hasher = hasher
        self._former = former
        self._patience = patience
        self._asking = 0

    async def hash(self, password: Secret[str]) -> Secret[str]:
        """Return a new hash of `password`, by the present scheme and cost."""
        return await self._hasher.hash(password)

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        """Raise `PasswordMismatch` unless `digest` is a hash of `password`, or so said elsewhere.

        `FormerSystemUnavailable`, when the former system gave no answer, is one of those.
        """
        name = None if digest is None else former_name(digest)
        if name is None:
            await self._hasher.verify(password, digest)
        else:
            await self._verify_there(password, name)

    def needs_upgrade(self, digest: Secret[str]) -> bool:
        """Tell whether `digest` is in a former system, or of another scheme or cost."""
        return former_name(digest) is not None or self._hasher.needs_upgrade(digest)

    def check_known(self, digest: Secret[str]) -> None:
        """Raise `PasswordHashUnknown` unless a sign-in could verify `digest`, or ask about it."""
        if former_name(digest) is None:
            self._hasher.check_known(digest)

    async def _verify_there(self, password: Secret[str], name: str) -> None:
        if self._asking >= _MOST_AT_ONCE:
            raise HashingBusy(retry_after=_RETRY_AFTER)
        self._asking += 1
        asked = asyncio.create_task(self._refusal(password, name))
        try:
            with suppress(PasswordMismatch):
                await self._hasher.verify(password, None)
            refusal = await asked
        finally:
            self._asking -= 1
            asked.cancel()
        if refusal is not None:
            raise refusal

    async def _refusal(self, password: Secret[str], name: str) -> PasswordMismatch | None:
        try:
            async with asyncio.timeout(self._patience):
                is_match = await self._former.matches(name, password)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong there, it is no yes.
            refusal = FormerSystemUnavailable()
            refusal.__cause__ = error
            return refusal
        return None if is_match is True else PasswordMismatch()


_conforms: type[PasswordHasher] = AskingHasher
