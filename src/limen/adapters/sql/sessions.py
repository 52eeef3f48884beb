"""Sessions and their endings in SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import refresh_families, session_endings, sessions
from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import MOST_LISTED, Ending, EndReason, Session
from limen.ports.sessions import Sessions

COLUMNS: Final = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.label,
    sessions.c.address,
    sessions.c.user_agent,
    sessions.c.methods,
    sessions.c.authenticated_at,
    sessions.c.created_at,
    sessions.c.last_used_at,
    sessions.c.idle_expires_at,
    sessions.c.expires_at,
    sessions.c.ended_at,
    sessions.c.end_reason,
)

_NOW: Final = bindparam("now", type_=Instant)
_BEFORE: Final = bindparam("before", type_=Instant)
_IS_USERS: Final = sessions.c.user_id == bindparam("user_id")

_ADD: Final = Statement(insert(sessions))
_FIND: Final = Statement(select(*COLUMNS).where(sessions.c.id == bindparam("id")))
_LIST_LIVE: Final = Statement(
    select(*COLUMNS)
    .where(_IS_USERS, sessions.c.ended_at.is_(None), sessions.c.runs_out_at > _NOW)
    .order_by(sessions.c.last_used_at.desc(), sessions.c.id.desc())
    .limit(literal_column(str(MOST_LISTED)))
)
_USE: Final = Statement(
    update(sessions)
    .where(sessions.c.id == bindparam("id"), sessions.c.ended_at.is_(None))
    .values(
        last_used_at=bindparam("last_used_at"),
        idle_expires_at=bindparam("idle_expires_at"),
        runs_out_at=bindparam("runs_out_at"),
    )
)
_PROVE: Final = Statement(
    update(sessions)
    .where(sessions.c.id == bindparam("id"), sessions.c.ended_at.is_(None))
    .values(methods=bindparam("methods"), authenticated_at=bindparam("authenticated_at"))
)

_END: Final = (
    update(sessions)
    .where(_IS_USERS, sessions.c.ended_at.is_(None))
    .values(ended_at=_NOW, end_reason=bindparam("reason"))
    .returning(sessions.c.id)
)
_END_ALL: Final = Statement(_END)
_END_ONE: Final = Statement(_END.where(sessions.c.id == bindparam("only")))
_END_OTHERS: Final = Statement(_END.where(sessions.c.id != bindparam("keep")))

_JUST_ENDED: Final = select(sessions.c.id).where(_IS_USERS, sessions.c.ended_at == _NOW)
_END_FAMILIES: Final = Statement(
    update(refresh_families)
    .where(refresh_families.c.session_id.in_(_JUST_ENDED), refresh_families.c.ended_at.is_(None))
    .values(ended_at=_NOW)
)
_RECORD_ENDINGS: Final = Statement(
    insert(session_endings)
    .from_select(["session_id", "ended_at"], _JUST_ENDED.add_columns(sessions.c.ended_at))
    .on_conflict_do_nothing()
)
_LIST_ENDINGS: Final = Statement(
    select(session_endings.c.session_id, session_endings.c.ended_at)
    .where(session_endings.c.ended_at >= bindparam("since"))
    .order_by(session_endings.c.ended_at, session_endings.c.session_id)
)

_IS_OVER: Final = or_(sessions.c.runs_out_at < _BEFORE, sessions.c.ended_at < _BEFORE)
_OVER: Final = select(sessions.c.id).where(_IS_OVER).limit(bindparam("limit"))
_OLD_ENDINGS: Final = (
    select(session_endings.c.session_id)
    .where(session_endings.c.ended_at < _BEFORE)
    .limit(bindparam("limit"))
)
# Asked twice: a session that is being used is looked at again once it is.
_PURGE: Final = Statement(delete(sessions).where(sessions.c.id.in_(_OVER), _IS_OVER))
_PURGE_ENDINGS: Final = Statement(
    delete(session_endings).where(session_endings.c.session_id.in_(_OLD_ENDINGS))
)


class SqlSessions:
    """Keeps sessions; who ends one is decided by the row that only one writer changes."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, session: Session) -> None:
        """Add a new session."""
        await self._desk.execute(_ADD, **_write(session))

    async def find(self, session_id: SessionId) -> Session | None:
        """Return the session, live or not, if there is one."""
        row = await self._desk.fetch_one(_FIND, id=session_id)
        return None if row is None else read_session(row)

    async def list_live(self, user_id: UserId, now: datetime) -> tuple[Session, ...]:
        """Return the user's live sessions, the last used first."""
        rows = await self._desk.fetch_all(_LIST_LIVE, user_id=user_id, now=now)
        return tuple(map(read_session, rows))

    async def use(self, session: Session) -> None:
        """Store when a session that has not ended was last used."""
        self._desk.defer(
            _USE,
            id=session.id,
            last_used_at=session.last_used_at,
            idle_expires_at=session.idle_expires_at,
            runs_out_at=_runs_out_at(session),
        )

    async def prove(self, session: Session) -> bool:
        """Store by what and when the user of a session that has not ended proved themselves."""
        changed = await self._desk.execute(
            _PROVE,
            id=session.id,
            methods=session.methods,
            authenticated_at=session.authenticated_at,
        )
        return bool(changed)

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
        if only is not None and only == keep:
            return ()
        statement = _END_ONE if only else _END_OTHERS if keep else _END_ALL
        rows = await self._desk.fetch_all(
            statement, user_id=user_id, now=now, reason=reason, only=only, keep=keep
        )
        if rows:
            self._desk.defer(_END_FAMILIES, user_id=user_id, now=now)
            self._desk.defer(_RECORD_ENDINGS, user_id=user_id, now=now)
        return tuple(sorted(row[0] for row in rows))

    async def list_endings(self, since: datetime) -> tuple[Ending, ...]:
        """Return the endings recorded at `since` or later, in order."""
        rows = await self._desk.fetch_all(_LIST_ENDINGS, since=since)
        return tuple(Ending(row[0], row[1]) for row in rows)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove sessions that were over before `before`, with their families, and endings."""
        self._desk.defer(_PURGE_ENDINGS, before=before, limit=limit)
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def read_session(row: Row) -> Session:
    """Return the session in a row of `COLUMNS`."""
    return Session(
        id=row[0],
        user_id=row[1],
        label=row[2],
        address=row[3],
        user_agent=row[4],
        methods=tuple(row[5]),
        authenticated_at=row[6] or row[7],
        created_at=row[7],
        last_used_at=row[8],
        idle_expires_at=row[9],
        expires_at=row[10],
        ended_at=row[11],
        end_reason=None if row[12] is None else EndReason(row[12]),
    )


def _write(session: Session) -> Mapping[str, object]:
    return {
        "id": session.id,
        "user_id": session.user_id,
        "label": session.label,
        "address": session.address,
        "user_agent": session.user_agent,
        "methods": session.methods,
        "authenticated_at": session.authenticated_at,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "idle_expires_at": session.idle_expires_at,
        "expires_at": session.expires_at,
        "runs_out_at": _runs_out_at(session),
        "ended_at": session.ended_at,
        "end_reason": session.end_reason,
    }


def _runs_out_at(session: Session) -> datetime:
    return min(session.idle_expires_at, session.expires_at)


_conforms: type[Sessions] = SqlSessions
