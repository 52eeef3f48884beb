"""Remembered browsers in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import remembered_browsers
from limen.core.errors import ConcurrentUpdate
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import MOST_LISTED, Remembered
from limen.ports.remembered import RememberedBrowsers

_TABLE: Final = remembered_browsers.c
_IS_OF_USER: Final = _TABLE.user_id == bindparam("user_id")
_OF_USER: Final = delete(remembered_browsers).where(_IS_OF_USER)

_ADD: Final = Statement(insert(remembered_browsers))
_FIND: Final = Statement(select(*_TABLE).where(_TABLE.id == bindparam("id")))
_LIST: Final = Statement(
    select(*_TABLE)
    .where(_IS_OF_USER)
    .order_by(_TABLE.used_at.desc(), _TABLE.id.desc())
    .limit(MOST_LISTED)
)
_RENEW: Final = Statement(
    update(remembered_browsers)
    .where(_TABLE.id == bindparam("this"), _TABLE.digest == bindparam("used"))
    .values(
        session_id=bindparam("session_id"),
        digest=bindparam("digest"),
        previous_digest=bindparam("used"),
        used_at=bindparam("used_at"),
    )
)
_REMOVE: Final = Statement(_OF_USER)
_REMOVE_ONE: Final = Statement(_OF_USER.where(_TABLE.id == bindparam("only")))
_REMOVE_OTHERS: Final = Statement(_OF_USER.where(_TABLE.session_id != bindparam("keep")))
_OVER: Final = (
    select(_TABLE.id)
    .where(_TABLE.expires_at < bindparam("before", type_=Instant))
    .limit(bindparam("limit"))
)
_PURGE: Final = Statement(delete(remembered_browsers).where(_TABLE.id.in_(_OVER)))


class SqlRemembered:
    """Keeps remembered browsers by id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, remembered: Remembered) -> None:
        """Add a new one."""
        await self._desk.execute(
            _ADD,
            id=remembered.id,
            user_id=remembered.user_id,
            session_id=remembered.session_id,
            series_digest=remembered.series_digest,
            digest=remembered.digest,
            previous_digest=remembered.previous_digest,
            label=remembered.label,
            address=remembered.address,
            user_agent=remembered.user_agent,
            authenticated_at=remembered.authenticated_at,
            created_at=remembered.created_at,
            used_at=remembered.used_at,
            expires_at=remembered.expires_at,
        )

    async def find(self, remembered_id: RememberedId) -> Remembered | None:
        """Return the one with this id."""
        row = await self._desk.fetch_one(_FIND, id=remembered_id)
        return None if row is None else _read(row)

    async def list(self, user_id: UserId) -> tuple[Remembered, ...]:
        """Return those of a user, the last used first."""
        return tuple(map(_read, await self._desk.fetch_all(_LIST, user_id=user_id)))

    async def renew(self, remembered: Remembered) -> None:
        """Store one that was used; only who is first can."""
        if not await self._desk.execute(
            _RENEW,
            this=remembered.id,
            used=remembered.previous_digest,
            session_id=remembered.session_id,
            digest=remembered.digest,
            used_at=remembered.used_at,
        ):
            raise ConcurrentUpdate

    async def remove(
        self,
        user_id: UserId,
        *,
        only: RememberedId | None = None,
        keep: SessionId | None = None,
    ) -> int:
        """Remove those of a user."""
        if only is not None:
            return await self._desk.execute(_REMOVE_ONE, user_id=user_id, only=only)
        if keep is not None:
            return await self._desk.execute(_REMOVE_OTHERS, user_id=user_id, keep=keep)
        return await self._desk.execute(_REMOVE, user_id=user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` that were over before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _read(row: Row) -> Remembered:
    return Remembered(
        id=row[0],
        user_id=row[1],
        session_id=row[2],
        series_digest=row[3],
        digest=row[4],
        previous_digest=row[5],
        label=row[6],
        address=row[7],
        user_agent=row[8],
        authenticated_at=row[9],
        created_at=row[10],
        used_at=row[11],
        expires_at=row[12],
    )


_conforms: type[RememberedBrowsers] = SqlRemembered
