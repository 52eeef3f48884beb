"""Refresh families in memory."""

from datetime import datetime

from limen.adapters.memory.store import Desk, changes
from limen.adapters.memory.users import copied
from limen.core.errors import ConcurrentUpdate, SessionNotFound
from limen.core.ids import SessionId
from limen.core.tokens.family import RefreshFamily
from limen.ports.families import RefreshFamilies, Standing


class MemoryFamilies:
    """Keeps families by session id."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, family: RefreshFamily) -> None:
        """Add the family of a session that was just added."""
        rows = await self._desk.write()
        if family.session_id not in rows.sessions:
            raise SessionNotFound
        rows.families.put(family.session_id, family)

    async def find_standing(self, session_id: SessionId, now: datetime) -> Standing | None:
        """Return the family and what belongs to it, if there is one."""
        rows = await self._desk.read()
        family = rows.families.get(session_id)
        if family is None:
            return None
        session = rows.sessions[session_id]
        granted = rows.grants.get(session.user_id) or ()
        return Standing(
            family=family,
            session=session,
            user=copied(rows.users[session.user_id]),
            roles=tuple(grant.role for grant in granted if grant.is_live(now)),
        )

    @changes
    async def rotate(self, family: RefreshFamily) -> None:
        """Store a family that moved one generation on, if nobody else moved or ended it."""
        rows = await self._desk.write()
        present = rows.families.get(family.session_id)
        if (
            present is None
            or present.ended_at is not None
            or present.generation != family.generation - 1
        ):
            raise ConcurrentUpdate
        rows.families.put(family.session_id, family)


_conforms: type[RefreshFamilies] = MemoryFamilies
