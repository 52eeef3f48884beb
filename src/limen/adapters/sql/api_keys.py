"""API keys in SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import users as user_rows
from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import api_keys, users
from limen.core.api_keys.model import ApiKey, ApiKeyEnd
from limen.core.errors import ConcurrentUpdate
from limen.core.ids import ApiKeyId, UserId
from limen.ports.api_keys import ApiKeys, OwnedKey

_COLUMNS: Final = tuple(api_keys.c)
_OWNER_AT: Final = len(_COLUMNS)
_KEPT: Final = {"id", "last_used_at"}

_IS_THIS: Final = api_keys.c.id == bindparam("id")
_IS_OWNED: Final = api_keys.c.user_id == bindparam("user_id")
_IS_LIVE: Final = and_(
    api_keys.c.ended_at.is_(None),
    or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now", type_=Instant)),
)
_NEWEST_FIRST: Final = (
    select(*_COLUMNS).where(_IS_OWNED).order_by(api_keys.c.id.desc()).limit(bindparam("limit"))
)

_ADD: Final = Statement(insert(api_keys))
_FIND: Final = Statement(
    select(*_COLUMNS, *user_rows.COLUMNS).join_from(api_keys, users).where(_IS_THIS)
)
_LIST: Final = Statement(_NEWEST_FIRST)
_LIST_OLDER: Final = Statement(_NEWEST_FIRST.where(api_keys.c.id < bindparam("before")))
_COUNT: Final = Statement(
    select(func.count())
    .select_from(api_keys)
    .where(_IS_OWNED, _IS_LIVE, api_keys.c.successor_id.is_(None))
)
_COUNT_ROTATED: Final = Statement(
    select(func.count())
    .select_from(api_keys)
    .where(_IS_OWNED, _IS_LIVE, api_keys.c.successor_id.is_not(None))
)
_SAVE: Final = Statement(
    update(api_keys)
    .where(_IS_THIS, api_keys.c.version == bindparam("previous"))
    .values({c: bindparam(c.name, type_=c.type) for c in api_keys.c if c.name not in _KEPT})
)
_USE: Final = Statement(
    update(api_keys)
    .where(
        _IS_THIS,
        or_(
            api_keys.c.last_used_at.is_(None),
            api_keys.c.last_used_at <= bindparam("unless_since", type_=Instant),
        ),
    )
    .values(last_used_at=bindparam("now", type_=Instant))
)
_END: Final = Statement(
    update(api_keys)
    .where(_IS_OWNED, _IS_LIVE)
    .values(
        ended_at=bindparam("now", type_=Instant),
        over_at=bindparam("now", type_=Instant),
        end_reason=bindparam("reason"),
        version=api_keys.c.version + 1,
    )
)
_IS_OVER: Final = api_keys.c.over_at < bindparam("before", type_=Instant)
_OVER: Final = select(api_keys.c.id).where(_IS_OVER).limit(bindparam("limit"))
_PURGE: Final = Statement(delete(api_keys).where(api_keys.c.id.in_(_OVER)))


class SqlApiKeys:
    """Keeps API keys by id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, key: ApiKey) -> None:
        """Add a new key."""
        await self._desk.execute(_ADD, **_write(key))

    async def find(self, key_id: ApiKeyId) -> OwnedKey | None:
        """Return the key with this id, and its owner, in one question."""
        row = await self._desk.fetch_one(_FIND, id=key_id)
        if row is None:
            return None
        return OwnedKey(key=_read(row), owner=user_rows.read_user(row[_OWNER_AT:]))

    async def list(
        self, owner_id: UserId, *, before: ApiKeyId | None = None, limit: int = 100
    ) -> tuple[ApiKey, ...]:
        """Return up to `limit` keys of a user older than `before`, the newest first."""
        statement = _LIST if before is None else _LIST_OLDER
        rows = await self._desk.fetch_all(statement, user_id=owner_id, before=before, limit=limit)
        return tuple(map(_read, rows))

    async def count(self, owner_id: UserId, now: datetime, *, has_successor: bool = False) -> int:
        """Count the keys of a user that hold without a successor, or beside theirs."""
        counting = _COUNT_ROTATED if has_successor else _COUNT
        row = await self._desk.fetch_one(counting, user_id=owner_id, now=now)
        return row[0] if row else 0

    async def save(self, key: ApiKey) -> None:
        """Store a changed key over the version before it."""
        if not await self._desk.execute(_SAVE, **_write(key), previous=key.version - 1):
            raise ConcurrentUpdate

    async def use(self, key_id: ApiKeyId, now: datetime, unless_since: datetime) -> None:
        """Store `now` as the last use, unless there was one after `unless_since`."""
        self._desk.defer(_USE, id=key_id, now=now, unless_since=unless_since)

    async def end(self, owner_id: UserId, now: datetime, reason: ApiKeyEnd) -> None:
        """End every key of a user that holds."""
        self._desk.defer(_END, user_id=owner_id, now=now, reason=reason)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` keys that were over before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _write(key: ApiKey) -> Mapping[str, object]:
    return {
        "id": key.id,
        "user_id": key.owner_id,
        "made_by": key.made_by,
        "name": key.name,
        "digest": key.digest,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "ended_at": key.ended_at,
        "end_reason": key.end_reason,
        "over_at": key.over_at,
        "successor_id": key.successor_id,
        "version": key.version,
    }


def _read(row: Row) -> ApiKey:
    return ApiKey(
        id=row[0],
        owner_id=row[1],
        made_by=row[2],
        name=row[3],
        digest=row[4],
        scopes=frozenset(row[5]),
        created_at=row[6],
        expires_at=row[7],
        last_used_at=row[8],
        ended_at=row[9],
        end_reason=None if row[10] is None else ApiKeyEnd(row[10]),
        successor_id=row[12],
        version=row[13],
    )


_conforms: type[ApiKeys] = SqlApiKeys
