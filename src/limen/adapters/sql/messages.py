"""Messages in SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import messages
from limen.core.errors import ConcurrentUpdate, MessageNotFound
from limen.core.ids import MessageId
from limen.core.messages.model import Message, MessageKind, MessageState
from limen.ports.messages import Messages

_COLUMNS: Final = tuple(messages.c)
_ALL: Final = select(*_COLUMNS).order_by(messages.c.id.desc()).limit(bindparam("limit"))
_IS_OLDER: Final = messages.c.id < bindparam("before")
_IS_IN: Final = messages.c.state == bindparam("state")
_CHANGED: Final = {c: bindparam(c.name, type_=c.type) for c in messages.c if c.name != "id"}

_ADD: Final = Statement(insert(messages))
_GET: Final = Statement(select(*_COLUMNS).where(messages.c.id == bindparam("id")))
_LIST: Final = Statement(_ALL)
_LIST_OLDER: Final = Statement(_ALL.where(_IS_OLDER))
_LIST_IN: Final = Statement(_ALL.where(_IS_IN))
_LIST_IN_OLDER: Final = Statement(_ALL.where(_IS_IN, _IS_OLDER))

_DUE: Final = (
    select(messages.c.id)
    .where(
        messages.c.state == MessageState.WAITING.value,
        messages.c.due_at <= bindparam("now", type_=Instant),
    )
    .order_by(messages.c.due_at, messages.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    # As a table of its own, which is looked for once: PostgreSQL may ask a subquery again for each
    # row, and each time it skips what this very statement has taken.
    .cte("due")
)
_CLAIM: Final = Statement(
    update(messages)
    .where(messages.c.id.in_(select(_DUE.c.id)))
    .values(
        due_at=bindparam("until", type_=Instant),
        tries=messages.c.tries + 1,
        version=messages.c.version + 1,
    )
    .returning(*_COLUMNS)
)
_SAVE: Final = Statement(
    update(messages)
    .where(messages.c.id == bindparam("id"), messages.c.version == bindparam("previous"))
    .values(_CHANGED)
)
_OVER: Final = (
    select(messages.c.id)
    .where(messages.c.ended_at < bindparam("before", type_=Instant))
    .limit(bindparam("limit"))
)
_PURGE: Final = Statement(
    # Asked twice: a message that is sent again meanwhile is looked at again once it is.
    delete(messages).where(
        messages.c.id.in_(_OVER), messages.c.ended_at < bindparam("before", type_=Instant)
    )
)


class SqlMessages:
    """Keeps messages by id."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def add(self, message: Message) -> None:
        """Add a new message."""
        self._desk.defer(_ADD, **_write(message))

    async def get(self, message_id: MessageId) -> Message:
        """Return the message."""
        row = await self._desk.fetch_one(_GET, id=message_id)
        if row is None:
            raise MessageNotFound
        return _read(row)

    async def list(
        self,
        *,
        state: MessageState | None = None,
        before: MessageId | None = None,
        limit: int = 100,
    ) -> tuple[Message, ...]:
        """Return up to `limit` messages older than `before`, the newest first."""
        if state is None:
            statement = _LIST if before is None else _LIST_OLDER
        else:
            statement = _LIST_IN if before is None else _LIST_IN_OLDER
        rows = await self._desk.fetch_all(statement, state=state, before=before, limit=limit)
        return tuple(map(_read, rows))

    async def claim(self, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        """Take up to `limit` waiting messages that are due at `now`, those due longest first."""
        rows = await self._desk.fetch_all(_CLAIM, now=now, until=until, limit=limit)
        return tuple(sorted(map(_read, rows), key=lambda message: message.id))

    async def save(self, message: Message) -> None:
        """Store a changed message over the version before it."""
        values = _write(message)
        if not await self._desk.execute(_SAVE, **values, previous=message.version - 1):
            raise ConcurrentUpdate

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` messages that ended before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _write(message: Message) -> Mapping[str, object]:
    return {
        "id": message.id,
        "kind": message.kind,
        "user_id": message.user_id,
        "to": message.to,
        "sealed": message.sealed,
        "created_at": message.created_at,
        "due_at": message.due_at,
        "state": message.state,
        "ended_at": message.ended_at,
        "tries": message.tries,
        "fault": message.fault,
        "version": message.version,
    }


def _read(row: Row) -> Message:
    return Message(
        id=row[0],
        kind=MessageKind(row[1]),
        user_id=row[2],
        to=row[3],
        sealed=row[4],
        created_at=row[5],
        due_at=row[6],
        state=MessageState(row[7]),
        ended_at=row[8],
        tries=row[9],
        fault=row[10],
        version=row[11],
    )


_conforms: type[Messages] = SqlMessages
