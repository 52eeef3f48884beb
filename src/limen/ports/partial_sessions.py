"""Where sign-ins are kept that wait for a second factor."""

from datetime import datetime
from typing import Protocol

from limen.core.ids import PartialSessionId, UserId
from limen.core.partial_sessions.model import PartialSession


class PartialSessions(Protocol):
    """Keeps partial sessions until they are finished, stopped or too old."""

    async def add(self, partial: PartialSession) -> None:
        """Add a new partial session; raise `UserNotFound` if its user is gone."""
        ...

    async def find(self, partial_id: PartialSessionId) -> PartialSession | None:
        """Return the partial session, even one that is too old, if it was not consumed."""
        ...

    async def charge(self, partial_id: PartialSessionId, most: int) -> bool:
        """Count one more code by one conditional write; tell whether there were fewer than `most`.

        Of parallel callers as many get through as tries are left.
        """
        ...

    async def consume(self, partial_id: PartialSessionId, now: datetime) -> None:
        """Remove the partial session by one conditional write.

        Raises `PartialSessionInvalid` if it is over at `now`, or is gone: of parallel callers
        exactly one wins.
        """
        ...

    async def remove(self, user_id: UserId) -> None:
        """Remove all partial sessions of a user."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` partial sessions that were over before `before`; return how many."""
        ...
