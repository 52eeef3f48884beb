"""Refresh families in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import sessions as session_rows
from limen.adapters.sql import users as user_rows
from limen.adapters.sql.columns import COMMA, Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import grants, refresh_families, sessions, users
from limen.core.errors import ConcurrentUpdate
from limen.core.ids import SessionId
from limen.core.secret import Secret
from limen.core.tokens.family import RefreshFamily
from limen.ports.families import RefreshFamilies, Standing

_FAMILY: Final = (
    refresh_families.c.session_id,
    refresh_families.c.seed,
    refresh_families.c.generation,
    refresh_families.c.digest,
    refresh_families.c.previous_digest,
    refresh_families.c.rotated_at,
    refresh_families.c.ended_at,
)
_SESSION_AT: Final = len(_FAMILY)
_USER_AT: Final = _SESSION_AT + len(session_rows.COLUMNS)
_ROLES_AT: Final = _USER_AT + len(user_rows.COLUMNS)

# Names of roles hold no comma.
_LIVE_ROLES: Final = (
    select(func.aggregate_strings(grants.c.role, COMMA))
    .where(
        grants.c.user_id == users.c.id,
        or_(grants.c.ends_at.is_(None), grants.c.ends_at > bindparam("now", type_=Instant)),
    )
    .scalar_subquery()
)

_ADD: Final = Statement(insert(refresh_families))
_FIND_STANDING: Final = Statement(
    select(*_FAMILY, *session_rows.COLUMNS, *user_rows.COLUMNS, _LIVE_ROLES)
    .join_from(refresh_families, sessions)
    .join(users)
    .where(refresh_families.c.session_id == bindparam("session_id"))
)
_ROTATE: Final = Statement(
    update(refresh_families)
    .where(
        refresh_families.c.session_id == bindparam("session_id"),
        refresh_families.c.generation == bindparam("previous"),
        refresh_families.c.ended_at.is_(None),
    )
    .values(
        generation=bindparam("generation"),
        digest=bindparam("digest"),
        previous_digest=bindparam("previous_digest"),
        rotated_at=bindparam("rotated_at"),
    )
)


class SqlFamilies:
    """Keeps families; who rotates one is decided by a single conditional write."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, family: RefreshFamily) -> None:
        """Add the family of a session that was just added."""
        await self._desk.execute(
            _ADD,
            session_id=family.session_id,
            seed=family.seed.reveal(),
            generation=family.generation,
            digest=family.digest,
            previous_digest=family.previous_digest,
            rotated_at=family.rotated_at,
            ended_at=family.ended_at,
        )

    async def find_standing(self, session_id: SessionId, now: datetime) -> Standing | None:
        """Return the family and what belongs to it, in one question."""
        row = await self._desk.fetch_one(_FIND_STANDING, session_id=session_id, now=now)
        if row is None:
            return None
        names: str | None = row[_ROLES_AT]
        return Standing(
            family=_read(row),
            session=session_rows.read_session(row[_SESSION_AT:_USER_AT]),
            user=user_rows.read_user(row[_USER_AT:_ROLES_AT]),
            roles=tuple(sorted(names.split(","))) if names else (),
        )

    async def rotate(self, family: RefreshFamily) -> None:
        """Store a family that moved one generation on, if nobody else moved or ended it.

        Whether somebody did is known at the commit, or at the next question before it.
        """
        self._desk.demand(
            ConcurrentUpdate,
            _ROTATE,
            session_id=family.session_id,
            previous=family.generation - 1,
            generation=family.generation,
            digest=family.digest,
            previous_digest=family.previous_digest,
            rotated_at=family.rotated_at,
        )


def _read(row: Row) -> RefreshFamily:
    return RefreshFamily(
        session_id=row[0],
        seed=Secret(row[1]),
        generation=row[2],
        digest=row[3],
        previous_digest=row[4],
        rotated_at=row[5],
        ended_at=row[6],
    )


_conforms: type[RefreshFamilies] = SqlFamilies
