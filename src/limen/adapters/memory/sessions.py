"""Sessions and their endings in memory."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.errors import UserNotFound
from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import MOST_LISTED, Ending, EndReason, Session
from limen.ports.sessions import Sessions


class MemorySessions:
    """Keeps sessions by id, with an index by user."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def add(self, session: Session) -> None:
        """Add a new session."""
        rows = await self._desk.write()
        if session.user_id not in rows.users:
            raise UserNotFound
        rows.sessions.put(session.id, session)
        others = rows.user_sessions.get(session.user_id) or frozenset()
        rows.user_sessions.put(session.user_id, others | {session.id})

    async def find(self, session_id: SessionId) -> Session | None:
        """Return the session, live or not, if there is one."""
        rows = await self._desk.read()
        return rows.sessions.get(session_id)

    async def list_live(self, user_id: UserId, now: datetime) -> tuple[Session, ...]:
        """Return the user's live sessions, the last used first."""
        rows = await self._desk.read()
        live = [session for session in _sessions_of(rows, user_id) if session.is_live(now)]
        live.sort(key=lambda session: (session.last_used_at, session.id), reverse=True)
        return tuple(live[:MOST_LISTED])

    @changes
    async def use(self, session: Session) -> None:
        """Store when a session that has not ended was last used."""
        rows = await self._desk.write()
        present = rows.sessions.get(session.id)
        if present is not None and present.ended_at is None:
            rows.sessions.put(
                session.id,
                replace(
                    present,
                    last_used_at=session.last_used_at,
                    idle_expires_at=session.idle_expires_at,
                ),
            )

    @changes
    async def prove(self, session: Session) -> bool:
        """Store by what and when the user of a session that has not ended proved themselves."""
        rows = await self._desk.write()
        present = rows.sessions.get(session.id)
        if present is None or present.ended_at is not None:
            return False
        rows.sessions.put(session.id, present.proved(session.methods, session.authenticated_at))
        return True

    @changes
    async def end(
        self,
        user_id: UserId,
        now: datetime,
        reason: EndReason,
        *,
        only: SessionId | None = None,
        keep: SessionId | None = None,
    ) -> tuple[SessionId, ...]:
        """End the user's sessions that have not ended, with their families."""
        rows = await self._desk.write()
        concerned = [
            session
            for session in _sessions_of(rows, user_id)
            if session.ended_at is None and only in {None, session.id} and session.id != keep
        ]
        for session in concerned:
            rows.sessions.put(session.id, replace(session, ended_at=now, end_reason=reason))
            rows.endings.put(session.id, Ending(session.id, now))
            family = rows.families.get(session.id)
            if family is not None and family.ended_at is None:
                rows.families.put(session.id, replace(family, ended_at=now))
        return tuple(session.id for session in concerned)

    async def list_endings(self, since: datetime) -> tuple[Ending, ...]:
        """Return the endings recorded at `since` or later, in order."""
        rows = await self._desk.read()
        found = [ending for ending in rows.endings.values() if ending.ended_at >= since]
        return tuple(sorted(found, key=lambda ending: (ending.ended_at, ending.session_id)))

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove sessions that were over before `before`, with their families, and endings."""
        rows = await self._desk.write()
        over = [s for s in rows.sessions.values() if _was_over(s, before)][:limit]
        for session in over:
            rows.sessions.pop(session.id)
            rows.families.pop(session.id)
            others = rows.user_sessions[session.user_id] - {session.id}
            rows.user_sessions.put(session.user_id, others)
        old = (ending for ending in rows.endings.values() if ending.ended_at < before)
        for ending in tuple(islice(old, limit)):
            rows.endings.pop(ending.session_id)
        return len(over)


def _sessions_of(rows: Rows, user_id: UserId) -> list[Session]:
    ids = rows.user_sessions.get(user_id) or frozenset()
    return [rows.sessions[session_id] for session_id in sorted(ids)]


def _was_over(session: Session, before: datetime) -> bool:
    is_ended = session.ended_at is not None and session.ended_at < before
    return is_ended or min(session.idle_expires_at, session.expires_at) < before


_conforms: type[Sessions] = MemorySessions
