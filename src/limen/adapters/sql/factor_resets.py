"""Requests to reset second factors, in SQL."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Statement
from limen.adapters.sql.tables import factor_resets
from limen.core.errors import FactorResetNotFound
from limen.core.factors.model import ResetRequest
from limen.core.ids import UserId
from limen.ports.factor_resets import FactorResets

_TABLE: Final = factor_resets.c
_IS_OF_USER: Final = _TABLE.user_id == bindparam("user_id")

_given: Final = insert(factor_resets).excluded
_PUT: Final = Statement(
    insert(factor_resets).on_conflict_do_update(
        index_elements=[_TABLE.user_id],
        set_={c.name: _given[c.name] for c in _TABLE if c.name != "user_id"},
    )
)
_FIND: Final = Statement(select(*_TABLE).where(_IS_OF_USER))
_CONSUME: Final = Statement(
    delete(factor_resets).where(
        _IS_OF_USER,
        _TABLE.requested_by == bindparam("requested_by"),
        _TABLE.requested_at == bindparam("requested_at"),
        _TABLE.expires_at == bindparam("expires_at"),
        _TABLE.expires_at > bindparam("now", type_=Instant),
    )
)
_IS_OVER: Final = _TABLE.expires_at < bindparam("before", type_=Instant)
_OVER: Final = select(_TABLE.user_id).where(_IS_OVER).limit(bindparam("limit"))
# Asked twice: a request may be in place of another by then.
_PURGE: Final = Statement(delete(factor_resets).where(_TABLE.user_id.in_(_OVER), _IS_OVER))


class SqlFactorResets:
    """Keeps requests by user."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def put(self, request: ResetRequest) -> None:
        """Store a request, in place of any other of this user."""
        await self._desk.execute(_PUT, **asdict(request))

    async def find(self, user_id: UserId) -> ResetRequest | None:
        """Return the request of a user."""
        row = await self._desk.fetch_one(_FIND, user_id=user_id)
        if row is None:
            return None
        return ResetRequest(
            user_id=row[0], requested_by=row[1], requested_at=row[2], expires_at=row[3]
        )

    async def consume(self, request: ResetRequest, now: datetime) -> None:
        """Remove exactly this request; only who is first can."""
        if not await self._desk.execute(_CONSUME, **asdict(request), now=now):
            raise FactorResetNotFound

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` requests that were over before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


_conforms: type[FactorResets] = SqlFactorResets
