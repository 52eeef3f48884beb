"""Password credentials in SQL."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import passwords
from limen.core.errors import ConcurrentUpdate
from limen.core.ids import UserId
from limen.core.passwords.model import PasswordCredential
from limen.core.secret import Secret
from limen.ports.passwords import Passwords

COLUMNS: Final = (
    passwords.c.user_id,
    passwords.c.digest,
    passwords.c.changed_at,
    passwords.c.reset_required_at,
    passwords.c.version,
)

_FIND: Final = Statement(select(*COLUMNS).where(passwords.c.user_id == bindparam("user_id")))
_ADD: Final = Statement(insert(passwords))
_SAVE: Final = Statement(
    update(passwords)
    .where(
        passwords.c.user_id == bindparam("user_id"), passwords.c.version == bindparam("previous")
    )
    .values(
        digest=bindparam("digest"),
        changed_at=bindparam("changed_at"),
        reset_required_at=bindparam("reset_required_at"),
        version=bindparam("version"),
    )
)
_REMOVE: Final = Statement(delete(passwords).where(passwords.c.user_id == bindparam("user_id")))


class SqlPasswords:
    """Keeps credentials by user id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def find(self, user_id: UserId) -> PasswordCredential | None:
        """Return the user's credential, if there is one."""
        row = await self._desk.fetch_one(_FIND, user_id=user_id)
        return None if row is None else read_credential(row)

    async def add(self, credential: PasswordCredential) -> None:
        """Add the first credential of a user."""
        await self._desk.execute(_ADD, **write_credential(credential))

    async def save(self, credential: PasswordCredential) -> None:
        """Store a changed credential over the version before it."""
        values = write_credential(credential)
        if not await self._desk.execute(_SAVE, **values, previous=credential.version - 1):
            raise ConcurrentUpdate

    async def remove(self, user_id: UserId) -> None:
        """Remove the user's credential, if there is one."""
        self._desk.defer(_REMOVE, user_id=user_id)


def read_credential(row: Row) -> PasswordCredential:
    """Return the credential in a row of `COLUMNS`."""
    return PasswordCredential(
        user_id=row[0],
        digest=Secret(row[1]),
        changed_at=row[2],
        reset_required_at=row[3],
        version=row[4],
    )


def write_credential(credential: PasswordCredential) -> Mapping[str, object]:
    """Return the credential as a row."""
    return {
        "user_id": credential.user_id,
        "digest": credential.digest.reveal(),
        "changed_at": credential.changed_at,
        "reset_required_at": credential.reset_required_at,
        "version": credential.version,
    }


_conforms: type[Passwords] = SqlPasswords
