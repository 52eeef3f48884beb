"""Where it is kept which resets of second factors wait for a second administrator."""

from datetime import datetime
from typing import Protocol

from limen.core.factors.model import ResetRequest
from limen.core.ids import UserId


class FactorResets(Protocol):
    """Keeps at most one request of each user."""

    async def put(self, request: ResetRequest) -> None:
        """Store a request, in place of any other of this user.

        Raises `UserNotFound` if the user is gone.
        """
        ...

    async def find(self, user_id: UserId) -> ResetRequest | None:
        """Return the request of a user, even one that is too old, if it was not consumed."""
        ...

    async def consume(self, request: ResetRequest, now: datetime) -> None:
        """Remove exactly this request by one conditional write.

        Raises `FactorResetNotFound` if it is over at `now`, or is gone, or another one is there: of
        parallel callers exactly one wins.
        """
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` requests that were over before `before`; return how many."""
        ...
