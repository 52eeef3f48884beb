"""Passkeys in SQL."""

from typing import Final

from sqlalchemy import BigInteger, and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import passkeys
from limen.core.errors import ConcurrentUpdate, PasskeyNotFound
from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys.model import Passkey
from limen.ports.passkeys import Passkeys

_IS_THIS: Final = passkeys.c.id == bindparam("id")
_IS_USERS: Final = passkeys.c.user_id == bindparam("user_id")
_COUNT: Final = bindparam("count", type_=BigInteger)
_MAY_FOLLOW: Final = or_(
    passkeys.c.sign_count < _COUNT, and_(passkeys.c.sign_count == 0, _COUNT == 0)
)

_ADD: Final = Statement(insert(passkeys))
_LIST: Final = Statement(select(*passkeys.c).where(_IS_USERS).order_by(passkeys.c.id))
_FIND: Final = Statement(
    select(*passkeys.c).where(passkeys.c.credential_id == bindparam("credential_id"))
)
_SAVE: Final = Statement(
    update(passkeys)
    .where(_IS_THIS, passkeys.c.version == bindparam("previous"))
    .values(name=bindparam("name"), version=bindparam("version"))
)
_USE: Final = Statement(
    update(passkeys)
    .where(_IS_THIS, _MAY_FOLLOW)
    .values(
        sign_count=_COUNT,
        is_backed_up=bindparam("is_backed_up"),
        last_used_at=bindparam("now", type_=Instant),
    )
)
_REMOVE: Final = Statement(delete(passkeys).where(_IS_THIS, _IS_USERS))
_REMOVE_ALL: Final = Statement(delete(passkeys).where(_IS_USERS))


class SqlPasskeys:
    """Keeps passkeys by id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, passkey: Passkey) -> None:
        """Store a new passkey."""
        await self._desk.execute(
            _ADD,
            id=passkey.id,
            user_id=passkey.user_id,
            name=passkey.name,
            credential_id=passkey.credential_id,
            public_key=passkey.public_key,
            sign_count=passkey.sign_count,
            transports=passkey.transports,
            is_backup_eligible=passkey.is_backup_eligible,
            is_backed_up=passkey.is_backed_up,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            version=passkey.version,
        )

    async def list(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a user, the oldest first."""
        return tuple(map(_read, await self._desk.fetch_all(_LIST, user_id=user_id)))

    async def find(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with this credential id."""
        row = await self._desk.fetch_one(_FIND, credential_id=credential_id)
        return None if row is None else _read(row)

    async def save(self, passkey: Passkey) -> None:
        """Store the name of a changed passkey over the version before it."""
        changed = await self._desk.execute(
            _SAVE,
            id=passkey.id,
            name=passkey.name,
            version=passkey.version,
            previous=passkey.version - 1,
        )
        if not changed:
            raise ConcurrentUpdate

    async def use(self, passkey: Passkey) -> bool:
        """Store counter, backup state and time of a use, if the counter may follow."""
        changed = await self._desk.execute(
            _USE,
            id=passkey.id,
            count=passkey.sign_count,
            is_backed_up=passkey.is_backed_up,
            now=passkey.last_used_at,
        )
        return bool(changed)

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """Remove a passkey of this user."""
        if not await self._desk.execute(_REMOVE, id=passkey_id, user_id=user_id):
            raise PasskeyNotFound

    async def remove_all(self, user_id: UserId) -> int:
        """Remove all passkeys of a user; return how many."""
        return await self._desk.execute(_REMOVE_ALL, user_id=user_id)


def _read(row: Row) -> Passkey:
    return Passkey(
        id=row[0],
        user_id=row[1],
        name=row[2],
        credential_id=row[3],
        public_key=row[4],
        sign_count=row[5],
        transports=tuple(row[6]),
        is_backup_eligible=bool(row[7]),
        is_backed_up=bool(row[8]),
        created_at=row[9],
        last_used_at=row[10],
        version=row[11],
    )


_conforms: type[Passkeys] = SqlPasskeys
