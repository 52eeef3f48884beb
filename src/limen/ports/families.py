"""Where refresh families are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from limen.core.ids import SessionId
from limen.core.sessions.model import Session
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that a refresh must look at: the family, its session, its user and their live roles."""

    family: RefreshFamily
    session: Session
    user: User
    roles: tuple[str, ...]


class RefreshFamilies(Protocol):
    """Keeps the refresh family of each session that has one."""

    async def add(self, family: RefreshFamily) -> None:
        """Add the family of a session that was just added."""
        ...

    async def find_standing(self, session_id: SessionId, now: datetime) -> Standing | None:
        """Return the family and what belongs to it, if there is one.

        Ended or run-out sessions are found too. `roles` are the names of those granted and not
        ended at `now`, in order, whatever the user's status.
        """
        ...

    async def rotate(self, family: RefreshFamily) -> None:
        """Store a family that moved one generation on, by one conditional write.

        Raises `ConcurrentUpdate`, at the latest at the commit, unless the stored generation is
        exactly one less and the family has not ended: of any number of callers with the same
        token exactly one gets through.
        """
        ...
