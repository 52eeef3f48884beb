"""Where sessions are kept."""

from datetime import datetime
from typing import Protocol

from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import Ending, EndReason, Session


class Sessions(Protocol):
    """Keeps sessions, and the facts that some ended."""

    async def add(self, session: Session) -> None:
        """Add a new session; raise `UserNotFound` if its user is gone."""
        ...

    async def find(self, session_id: SessionId) -> Session | None:
        """Return the session, live or not, if there is one."""
        ...

    async def list_live(self, user_id: UserId, now: datetime) -> tuple[Session, ...]:
        """Return the user's live sessions, the last used first, at most 200."""
        ...

    async def use(self, session: Session) -> None:
        """Store `last_used_at` and `idle_expires_at` of a session that has not ended.

        Of one that has, nothing changes; one that is gone stays gone.
        """
        ...

    async def prove(self, session: Session) -> bool:
        """Store `methods` and `authenticated_at` by one conditional write.

        Tells whether it did: nothing changes of a session that has ended.
        """
        ...

    async def end(
        self,
        user_id: UserId,
        now: datetime,
        reason: EndReason,
        *,
        only: SessionId | None = None,
        keep: SessionId | None = None,
    ) -> tuple[SessionId, ...]:
        """End the user's sessions that have not ended, with their refresh families.

        All of them, or `only` one, or all but the one to `keep`. Returns those ended by this very
        call: of many callers at once exactly one is told of each. Their endings are recorded.
        """
        ...

    async def list_endings(self, since: datetime) -> tuple[Ending, ...]:
        """Return the endings recorded at `since` or later."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` sessions that ended or ran out before `before`, and as many endings.

        Their families go with them. Returns how many sessions went; live ones never do.
        """
        ...
