"""Signing keys in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Turn
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import signing_keys
from limen.core.keys.model import Algorithm, SigningKey
from limen.ports.keys import SigningKeys

# Numbers of PostgreSQL's advisory locks are shared by everything in a database: "limen", keys.
_LOCK_NUMBER: Final = 0x6C696D656E_01

_later: Final = signing_keys.alias("later")

_LIST: Final = Statement(
    select(
        signing_keys.c.id,
        signing_keys.c.algorithm,
        signing_keys.c.public,
        signing_keys.c.sealed,
        signing_keys.c.created_at,
        signing_keys.c.signs_from,
    ).order_by(signing_keys.c.signs_from, signing_keys.c.id)
)
_ADD: Final = Statement(insert(signing_keys))
_LOCK: Final = Statement(select(Turn(_LOCK_NUMBER)), locks=True)
_PURGE: Final = Statement(
    delete(signing_keys).where(
        exists()
        .where(
            or_(
                _later.c.signs_from > signing_keys.c.signs_from,
                (_later.c.signs_from == signing_keys.c.signs_from)
                & (_later.c.id > signing_keys.c.id),
            ),
            _later.c.signs_from < bindparam("before"),
        )
        .correlate(signing_keys)
    )
)


class SqlKeys:
    """Keeps signing keys by id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def list(self) -> tuple[SigningKey, ...]:
        """Return all keys, oldest first."""
        return tuple(map(_read, await self._desk.fetch_all(_LIST)))

    async def add(self, key: SigningKey) -> None:
        """Add a key."""
        await self._desk.execute(
            _ADD,
            id=key.id,
            algorithm=key.algorithm,
            public=key.public,
            sealed=key.sealed,
            created_at=key.created_at,
            signs_from=key.signs_from,
        )

    async def lock(self) -> None:
        """Wait for every other unit of work that asked for this."""
        await self._desk.fetch_one(_LOCK)

    async def purge(self, before: datetime) -> int:
        """Remove the keys whose successor began to sign before `before`."""
        return await self._desk.execute(_PURGE, before=before)


def _read(row: Row) -> SigningKey:
    return SigningKey(
        id=row[0],
        algorithm=Algorithm(row[1]),
        public=row[2],
        sealed=row[3],
        created_at=row[4],
        signs_from=row[5],
    )


_conforms: type[SigningKeys] = SqlKeys
