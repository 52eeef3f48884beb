"""Attempts in SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import attempts
from limen.core.errors import ConcurrentUpdate
from limen.core.idempotency.model import Attempt
from limen.ports.idempotency import Attempts

_given: Final = insert(attempts).excluded
_IS_OVER: Final = or_(
    attempts.c.expires_at <= _given.begun_at,
    and_(attempts.c.sealed.is_(None), attempts.c.begun_at < bindparam("abandoned_before")),
)
_CLAIM: Final = Statement(
    insert(attempts).on_conflict_do_update(
        index_elements=[attempts.c.scope],
        set_={
            "fingerprint": _given.fingerprint,
            "begun_at": _given.begun_at,
            "expires_at": _given.expires_at,
            "sealed": _given.sealed,
        },
        where=_IS_OVER,
    )
)
_FIND: Final = Statement(
    select(
        attempts.c.scope,
        attempts.c.fingerprint,
        attempts.c.begun_at,
        attempts.c.expires_at,
        attempts.c.sealed,
    ).where(attempts.c.scope == bindparam("scope"))
)
_IS_THIS_CLAIM: Final = and_(
    attempts.c.scope == bindparam("scope"),
    attempts.c.fingerprint == bindparam("fingerprint"),
    attempts.c.begun_at == bindparam("begun_at"),
    attempts.c.expires_at == bindparam("expires_at"),
    attempts.c.sealed.is_(None),
)
_FINISH: Final = Statement(
    update(attempts).where(_IS_THIS_CLAIM).values(sealed=bindparam("sealed"))
)
_ABANDON: Final = Statement(delete(attempts).where(_IS_THIS_CLAIM))
_IS_EXPIRED: Final = attempts.c.expires_at < bindparam("before")
_EXPIRED: Final = select(attempts.c.scope).where(_IS_EXPIRED).limit(bindparam("limit"))
# Asked twice: a scope that is being claimed anew is looked at again once it is.
_PURGE: Final = Statement(delete(attempts).where(attempts.c.scope.in_(_EXPIRED), _IS_EXPIRED))

_TRIES: Final = 3


class SqlAttempts:
    """Keeps attempts by scope."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def begin(self, attempt: Attempt, *, abandoned_before: datetime) -> Attempt | None:
        """Claim the scope, or return the attempt that has it."""
        claim = {**_write(attempt), "sealed": None, "abandoned_before": abandoned_before}
        for _ in range(_TRIES):
            if await self._desk.execute(_CLAIM, **claim):
                return None
            row = await self._desk.fetch_one(_FIND, scope=attempt.scope)
            # Given up between the two questions: the scope is free again.
            if row is not None:
                return _read(row)
        raise ConcurrentUpdate

    async def finish(self, attempt: Attempt) -> None:
        """Store the answer of a scope that was claimed by this very attempt."""
        self._desk.defer(_FINISH, **_write(attempt))

    async def abandon(self, attempt: Attempt) -> None:
        """Give a scope up that was claimed by this very attempt and has no answer."""
        self._desk.defer(_ABANDON, **_write(attempt))

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` attempts that expired before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _write(attempt: Attempt) -> Mapping[str, object]:
    return {
        "scope": attempt.scope,
        "fingerprint": attempt.fingerprint,
        "begun_at": attempt.begun_at,
        "expires_at": attempt.expires_at,
        "sealed": attempt.sealed,
    }


def _read(row: Row) -> Attempt:
    return Attempt(
        scope=row[0], fingerprint=row[1], begun_at=row[2], expires_at=row[3], sealed=row[4]
    )


_conforms: type[Attempts] = SqlAttempts
