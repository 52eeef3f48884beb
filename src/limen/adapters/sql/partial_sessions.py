"""Partial sessions in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import partial_sessions
from limen.core.errors import PartialSessionInvalid
from limen.core.ids import PartialSessionId, UserId
from limen.core.partial_sessions.model import PartialSession
from limen.ports.partial_sessions import PartialSessions

_IS_THIS: Final = partial_sessions.c.id == bindparam("id")

_ADD: Final = Statement(insert(partial_sessions))
_FIND: Final = Statement(select(*partial_sessions.c).where(_IS_THIS))
_CHARGE: Final = Statement(
    update(partial_sessions)
    .where(_IS_THIS, partial_sessions.c.tries < bindparam("most"))
    .values(tries=partial_sessions.c.tries + 1)
)
_CONSUME: Final = Statement(
    delete(partial_sessions).where(
        _IS_THIS, partial_sessions.c.expires_at > bindparam("now", type_=Instant)
    )
)
_REMOVE: Final = Statement(
    delete(partial_sessions).where(partial_sessions.c.user_id == bindparam("user_id"))
)
_OVER: Final = (
    select(partial_sessions.c.id)
    .where(partial_sessions.c.expires_at < bindparam("before", type_=Instant))
    .limit(bindparam("limit"))
)
_PURGE: Final = Statement(delete(partial_sessions).where(partial_sessions.c.id.in_(_OVER)))


class SqlPartialSessions:
    """Keeps partial sessions by id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, partial: PartialSession) -> None:
        """Add a new partial session."""
        await self._desk.execute(
            _ADD,
            id=partial.id,
            user_id=partial.user_id,
            digest=partial.digest,
            methods=partial.methods,
            label=partial.label,
            created_at=partial.created_at,
            expires_at=partial.expires_at,
            tries=partial.tries,
        )

    async def find(self, partial_id: PartialSessionId) -> PartialSession | None:
        """Return the partial session, if it was not consumed."""
        row = await self._desk.fetch_one(_FIND, id=partial_id)
        return None if row is None else _read(row)

    async def charge(self, partial_id: PartialSessionId, most: int) -> bool:
        """Count one more code, if there were fewer than `most`."""
        return bool(await self._desk.execute(_CHARGE, id=partial_id, most=most))

    async def consume(self, partial_id: PartialSessionId, now: datetime) -> None:
        """Remove the partial session; only who is first can."""
        if not await self._desk.execute(_CONSUME, id=partial_id, now=now):
            raise PartialSessionInvalid

    async def remove(self, user_id: UserId) -> None:
        """Remove all partial sessions of a user."""
        self._desk.defer(_REMOVE, user_id=user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` partial sessions that were over before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _read(row: Row) -> PartialSession:
    return PartialSession(
        id=row[0],
        user_id=row[1],
        digest=row[2],
        methods=tuple(row[3]),
        label=row[4],
        created_at=row[5],
        expires_at=row[6],
        tries=row[7],
    )


_conforms: type[PartialSessions] = SqlPartialSessions
