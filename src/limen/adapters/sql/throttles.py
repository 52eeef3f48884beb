"""Throttles in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Text, and_, column, delete, literal_column, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant, TextList, listed
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import throttles
from limen.core.throttles.model import Throttle
from limen.ports.throttles import Throttles

_COLUMNS: Final = (
    throttles.c.key,
    throttles.c.attempts,
    throttles.c.since,
    throttles.c.last_at,
    throttles.c.blocked_until,
)

_given: Final = listed(bindparam("keys", type_=TextList)).table_valued(
    column("value", Text), name="value"
)
_NOW: Final = bindparam("now", type_=Instant)
_BEFORE: Final = bindparam("before", type_=Instant)

# Makes what is missing and locks what is there, one key after the other in one order for all:
# nobody can wait in a circle. The change of nothing is what locks; the condition is for SQLite's
# parser, which would take ON for a join.
_LOCK: Final = Statement(
    insert(throttles)
    .from_select(
        ["key", "attempts", "since", "last_at"],
        select(_given.c.value, literal_column("0"), _NOW, _NOW)
        .where(true())
        .order_by(_given.c.value),
    )
    .on_conflict_do_update(
        index_elements=[throttles.c.key], set_={"attempts": throttles.c.attempts}
    )
    .returning(*_COLUMNS)
)
_SAVE: Final = Statement(
    update(throttles)
    .where(throttles.c.key == bindparam("key"))
    .values(
        attempts=bindparam("attempts"),
        since=bindparam("since"),
        last_at=bindparam("last_at"),
        blocked_until=bindparam("blocked_until"),
    )
)
_CLEAR: Final = Statement(delete(throttles).where(throttles.c.key == bindparam("key")))
_IS_QUIET: Final = and_(
    throttles.c.last_at < _BEFORE,
    or_(throttles.c.blocked_until.is_(None), throttles.c.blocked_until <= _BEFORE),
)
_QUIET: Final = select(throttles.c.key).where(_IS_QUIET).limit(bindparam("limit"))
# Asked twice: a key that is being charged is looked at again once it is.
_PURGE: Final = Statement(delete(throttles).where(throttles.c.key.in_(_QUIET), _IS_QUIET))


class SqlThrottles:
    """Keeps throttles by key."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def lock(self, keys: Sequence[str], now: datetime) -> tuple[Throttle, ...]:
        """Return the throttles of `keys`, whose rows nobody else can lock meanwhile."""
        rows = await self._desk.fetch_all(_LOCK, keys=sorted(set(keys)), now=now)
        found = {row[0]: _read(row) for row in rows}
        return tuple(found[key] for key in keys)

    async def save(self, throttle: Throttle) -> None:
        """Store a throttle."""
        self._desk.defer(
            _SAVE,
            key=throttle.key,
            attempts=throttle.attempts,
            since=throttle.since,
            last_at=throttle.last_at,
            blocked_until=throttle.blocked_until,
        )

    async def clear(self, key: str) -> None:
        """Forget the attempts under `key`, if there are any."""
        self._desk.defer(_CLEAR, key=key)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove throttles last charged before `before` and not blocked since."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _read(row: Row) -> Throttle:
    return Throttle(key=row[0], attempts=row[1], since=row[2], last_at=row[3], blocked_until=row[4])


_conforms: type[Throttles] = SqlThrottles
