"""Second factors in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, false, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Bulk, Row, Statement
from limen.adapters.sql.tables import recovery_codes, totp_factors
from limen.core.errors import FactorInvalid
from limen.core.factors.model import RecoveryCode, Totp
from limen.core.ids import TotpId, UserId
from limen.ports.factors import RecoveryCodes, Totps

_t: Final = totp_factors.c
_given: Final = insert(totp_factors).excluded
_KEY: Final = (_t.user_id, _t.is_confirmed)
_IS_THIS: Final = _t.id == bindparam("id")
_IS_OF_USER: Final = _t.user_id == bindparam("user_id")
_COLUMNS: Final = (
    *(_t.id, _t.user_id, _t.sealed, _t.created_at, _t.expires_at, _t.confirmed_at, _t.last_step),
)


def _find(is_confirmed: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return select(*_COLUMNS).where(_IS_OF_USER, _t.is_confirmed == is_confirmed)


_PUT: Final = Statement(
    insert(totp_factors).on_conflict_do_update(
        index_elements=_KEY,
        set_={c.name: _given[c.name] for c in _t if c.name not in {"user_id", "is_confirmed"}},
    )
)
_FIND: Final = Statement(_find(true()))
_FIND_WAITING: Final = Statement(_find(false()))
_MAKE_ROOM: Final = Statement(
    delete(totp_factors).where(
        _t.is_confirmed == true(),
        _t.user_id.in_(select(_t.user_id).where(_IS_THIS, _t.is_confirmed == false())),
    )
)
_CONFIRM: Final = Statement(
    update(totp_factors)
    .where(_IS_THIS, _t.is_confirmed == false(), _t.expires_at > bindparam("now", type_=Instant))
    .values(
        is_confirmed=true(),
        confirmed_at=bindparam("now", type_=Instant),
        expires_at=None,
        last_step=bindparam("step"),
    )
)
_USE: Final = Statement(
    update(totp_factors)
    .where(_IS_THIS, _t.is_confirmed == true(), _t.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)
_RESEAL: Final = Statement(
    update(totp_factors)
    .where(_IS_THIS, _t.is_confirmed == true())
    .values(sealed=bindparam("sealed"))
)
_REMOVE: Final = Statement(delete(totp_factors).where(_IS_OF_USER))
_IS_OVER: Final = _t.expires_at < bindparam("before", type_=Instant)
_OVER: Final = select(_t.id).where(_IS_OVER).limit(bindparam("limit"))
# Asked twice: the id of a secret that is replaced meanwhile is another one.
_PURGE: Final = Statement(delete(totp_factors).where(_t.id.in_(_OVER), _IS_OVER))

_c: Final = recovery_codes.c
_CODE_IS_OF_USER: Final = _c.user_id == bindparam("user_id")
_ADD_CODES: Final = Bulk(recovery_codes)
_LIST_CODES: Final = Statement(
    select(_c.user_id, _c.digest, _c.made_at).where(_CODE_IS_OF_USER).order_by(_c.digest)
)
_CONSUME: Final = Statement(
    delete(recovery_codes).where(_CODE_IS_OF_USER, _c.digest == bindparam("digest"))
)
_REMOVE_CODES: Final = Statement(delete(recovery_codes).where(_CODE_IS_OF_USER))


class SqlTotps:
    """Keeps secrets by user and whether they count."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def put(self, totp: Totp) -> None:
        """Store a secret that waits, in place of any other of this user that waits."""
        await self._desk.execute(
            _PUT,
            user_id=totp.user_id,
            is_confirmed=False,
            id=totp.id,
            sealed=totp.sealed,
            created_at=totp.created_at,
            expires_at=totp.expires_at,
            confirmed_at=totp.confirmed_at,
            last_step=totp.last_step,
        )

    async def find(self, user_id: UserId) -> Totp | None:
        """Return the user's secret that counts."""
        row = await self._desk.fetch_one(_FIND, user_id=user_id)
        return None if row is None else _read(row)

    async def find_waiting(self, user_id: UserId) -> Totp | None:
        """Return the user's secret that waits."""
        row = await self._desk.fetch_one(_FIND_WAITING, user_id=user_id)
        return None if row is None else _read(row)

    async def confirm(self, totp_id: TotpId, step: int, now: datetime) -> None:
        """Let a secret that waits count, in place of the one that did."""
        self._desk.defer(_MAKE_ROOM, id=totp_id)
        if not await self._desk.execute(_CONFIRM, id=totp_id, step=step, now=now):
            raise FactorInvalid

    async def use(self, totp_id: TotpId, step: int) -> None:
        """Use up the codes up to `step`; only who is first can."""
        if not await self._desk.execute(_USE, id=totp_id, step=step):
            raise FactorInvalid

    async def reseal(self, totp_id: TotpId, sealed: bytes) -> None:
        """Store the same secret sealed anew."""
        self._desk.defer(_RESEAL, id=totp_id, sealed=sealed)

    async def remove(self, user_id: UserId) -> None:
        """Remove the secrets of a user."""
        self._desk.defer(_REMOVE, user_id=user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` secrets that waited until before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


class SqlRecoveryCodes:
    """Keeps codes by user and digest."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def replace(self, user_id: UserId, codes: Sequence[RecoveryCode]) -> None:
        """Store these codes in place of all others of this user."""
        self._desk.defer(_REMOVE_CODES, user_id=user_id)
        rows = [
            {"user_id": code.user_id, "digest": code.digest, "made_at": code.made_at}
            for code in codes
        ]
        await self._desk.insert(_ADD_CODES, rows)

    async def list(self, user_id: UserId) -> tuple[RecoveryCode, ...]:
        """Return the codes of a user, by digest."""
        rows = await self._desk.fetch_all(_LIST_CODES, user_id=user_id)
        return tuple(RecoveryCode(user_id=row[0], digest=row[1], made_at=row[2]) for row in rows)

    async def consume(self, user_id: UserId, digest: bytes) -> None:
        """Use a code up; only who is first can."""
        if not await self._desk.execute(_CONSUME, user_id=user_id, digest=digest):
            raise FactorInvalid

    async def remove(self, user_id: UserId) -> None:
        """Remove all codes of a user."""
        self._desk.defer(_REMOVE_CODES, user_id=user_id)


def _read(row: Row) -> Totp:
    return Totp(
        id=row[0],
        user_id=row[1],
        sealed=row[2],
        created_at=row[3],
        expires_at=row[4],
        confirmed_at=row[5],
        last_step=row[6],
    )


_conforms: tuple[type[Totps], type[RecoveryCodes]] = (SqlTotps, SqlRecoveryCodes)
