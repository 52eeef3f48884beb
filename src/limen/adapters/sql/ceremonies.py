"""Ceremonies in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Statement
from limen.adapters.sql.tables import ceremonies
from limen.core.errors import CeremonyOver
from limen.core.passkeys.model import Ceremony, CeremonyPurpose
from limen.ports.ceremonies import Ceremonies

_ADD: Final = Statement(insert(ceremonies))
_CONSUME: Final = Statement(
    delete(ceremonies)
    .where(
        ceremonies.c.digest == bindparam("digest"),
        ceremonies.c.purpose == bindparam("purpose"),
        ceremonies.c.expires_at > bindparam("now", type_=Instant),
    )
    .returning(*ceremonies.c)
)
_IS_OVER: Final = ceremonies.c.expires_at < bindparam("before", type_=Instant)
_OVER: Final = select(ceremonies.c.digest).where(_IS_OVER).limit(bindparam("limit"))
_PURGE: Final = Statement(delete(ceremonies).where(ceremonies.c.digest.in_(_OVER)))


class SqlCeremonies:
    """Keeps ceremonies by digest."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, ceremony: Ceremony) -> None:
        """Store a new ceremony."""
        self._desk.defer(
            _ADD,
            digest=ceremony.digest,
            purpose=ceremony.purpose,
            challenge=ceremony.challenge,
            user_id=ceremony.user_id,
            session_id=ceremony.session_id,
            expires_at=ceremony.expires_at,
        )

    async def consume(self, digest: bytes, purpose: CeremonyPurpose, now: datetime) -> Ceremony:
        """Take the ceremony out; only who is first can."""
        row = await self._desk.fetch_one(_CONSUME, digest=digest, purpose=purpose, now=now)
        if row is None:
            raise CeremonyOver
        return Ceremony(
            digest=row[0],
            purpose=CeremonyPurpose(row[1]),
            challenge=row[2],
            user_id=row[3],
            session_id=row[4],
            expires_at=row[5],
        )

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` ceremonies that were over before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


_conforms: type[Ceremonies] = SqlCeremonies
