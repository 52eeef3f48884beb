"""Where it is kept which browsers are remembered."""

from datetime import datetime
from typing import Protocol

from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import Remembered


class RememberedBrowsers(Protocol):
    """Keeps the browsers that are remembered, until they are forgotten or too old."""

    async def add(self, remembered: Remembered) -> None:
        """Add a new one; raise `UserNotFound` if its user is gone."""
        ...

    async def find(self, remembered_id: RememberedId) -> Remembered | None:
        """Return the one with this id, even one that is too old, if there is one."""
        ...

    async def list(self, user_id: UserId) -> tuple[Remembered, ...]:
        """Return those of a user, the last used first, at most 200."""
        ...

    async def renew(self, remembered: Remembered) -> None:
        """Store one that was used, by one conditional write.

        Raises `ConcurrentUpdate` unless the stored `digest` is its `previous_digest`: of any number
        of callers with the same credential exactly one gets through.
        """
        ...

    async def remove(
        self,
        user_id: UserId,
        *,
        only: RememberedId | None = None,
        keep: SessionId | None = None,
    ) -> int:
        """Remove those of a user and return how many.

        All of them, or `only` one, or all but that of the session to `keep`.
        """
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` that were over before `before`; return how many."""
        ...
