"""Known devices in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import known_devices
from limen.core.devices.model import MOST_LISTED, KnownDevice
from limen.core.ids import UserId
from limen.ports.devices import Devices

_TABLE: Final = known_devices.c
_IS_OF_USER: Final = _TABLE.user_id == bindparam("user_id")

_ADD: Final = Statement(insert(known_devices).on_conflict_do_nothing())
_SEE: Final = Statement(
    update(known_devices)
    .where(_TABLE.user_id == bindparam("of"), _TABLE.digest == bindparam("known_by"))
    .values(last_seen_at=bindparam("last_seen_at"))
)
_FIND: Final = Statement(select(*_TABLE).where(_IS_OF_USER, _TABLE.digest == bindparam("known_by")))
_LAST_SEEN_FIRST: Final = (_TABLE.last_seen_at.desc(), _TABLE.digest)
_LIST: Final = Statement(
    select(*_TABLE).where(_IS_OF_USER).order_by(*_LAST_SEEN_FIRST).limit(MOST_LISTED)
)
_BEYOND: Final = (
    select(_TABLE.digest)
    .where(_IS_OF_USER)
    .order_by(*_LAST_SEEN_FIRST)
    .offset(bindparam("keep", type_=Integer))
)
_REMOVE: Final = Statement(delete(known_devices).where(_IS_OF_USER, _TABLE.digest.in_(_BEYOND)))
_OLD: Final = (
    select(_TABLE.user_id, _TABLE.digest)
    .where(_TABLE.last_seen_at < bindparam("before", type_=Instant))
    .limit(bindparam("limit"))
)
_PURGE: Final = Statement(
    delete(known_devices).where(tuple_(_TABLE.user_id, _TABLE.digest).in_(_OLD))
)


class SqlDevices:
    """Keeps known devices by user and digest."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def note(self, device: KnownDevice) -> bool:
        """Store a device, and tell whether it is new."""
        # Nearly every device is known.
        if await self._desk.execute(
            _SEE, of=device.user_id, known_by=device.digest, last_seen_at=device.last_seen_at
        ):
            return False
        added = await self._desk.execute(
            _ADD,
            user_id=device.user_id,
            digest=device.digest,
            first_seen_at=device.first_seen_at,
            last_seen_at=device.last_seen_at,
        )
        return bool(added)

    async def find(self, user_id: UserId, digest: bytes) -> KnownDevice | None:
        """Return the device of this user that goes by this digest."""
        row = await self._desk.fetch_one(_FIND, user_id=user_id, known_by=digest)
        return None if row is None else _read(row)

    async def list(self, user_id: UserId) -> tuple[KnownDevice, ...]:
        """Return the devices of a user, the last seen first."""
        rows = await self._desk.fetch_all(_LIST, user_id=user_id)
        return tuple(map(_read, rows))

    async def remove(self, user_id: UserId, *, keep: int = 0) -> None:
        """Remove the devices of a user but for the `keep` that were last seen."""
        self._desk.defer(_REMOVE, user_id=user_id, keep=keep)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` devices that were last seen before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _read(row: Row) -> KnownDevice:
    return KnownDevice(user_id=row[0], digest=row[1], first_seen_at=row[2], last_seen_at=row[3])


_conforms: type[Devices] = SqlDevices
