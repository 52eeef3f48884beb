"""Plain dictionaries, and the drafts in which a change waits for its commit."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum
from functools import wraps
from typing import Any, Final, Generic, TypeVar, cast

from limen.core.api_keys.model import ApiKey
from limen.core.devices.model import KnownDevice
from limen.core.errors import LimenError, StorageReadOnly
from limen.core.factors.model import RecoveryCode, ResetRequest, Totp
from limen.core.idempotency.model import Attempt
from limen.core.ids import (
    ApiKeyId,
    EventId,
    MessageId,
    PartialSessionId,
    ProofId,
    RememberedId,
    SessionId,
    UserId,
)
from limen.core.keys.model import SigningKey
from limen.core.messages.model import Message
from limen.core.partial_sessions.model import PartialSession
from limen.core.passkeys.model import Ceremony, Passkey
from limen.core.passwords.model import PasswordCredential
from limen.core.proofs.model import Proof
from limen.core.remembered.model import Remembered
from limen.core.roles.model import ADMIN, Grant, Role
from limen.core.sessions.model import Ending, Session
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import User
from limen.ports.outbox import StoredEvent

K = TypeVar("K")
V = TypeVar("V")
Method = TypeVar("Method", bound=Callable[..., Coroutine[Any, Any, Any]])

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Gone(Enum):
    """The type of `_GONE`: a row that a change removed."""

    GONE = "gone"


_GONE: Final = _Gone.GONE


class Table(Generic[K, V]):
    """A dictionary of rows, with changes over it that nobody else sees until they are applied."""

    def __init__(self, rows: dict[K, V]) -> None:
        """Lie over `rows` without touching them."""
        self._rows = rows
        self._changes: dict[K, V | _Gone] = {}

    def draft(self) -> "Table[K, V]":
        """Return another table over the same rows, for changes of its own."""
        return Table(self._rows)

    def apply(self) -> None:
        """Carry the changes into the rows."""
        for key, value in self._changes.items():
            if isinstance(value, _Gone):
                self._rows.pop(key, None)
            else:
                self._rows[key] = value
        self._changes = {}

    def get(self, key: K) -> V | None:
        """Return the row, if there is one."""
        value = self._changes.get(key) if key in self._changes else self._rows.get(key)
        return None if isinstance(value, _Gone) else value

    def put(self, key: K, value: V) -> None:
        """Add or replace the row."""
        self._changes[key] = value

    def pop(self, key: K) -> V | None:
        """Remove the row, if there is one, and return it."""
        value = self.get(key)
        self._changes[key] = _GONE
        return value

    def values(self) -> Iterator[V]:
        """Go through all rows, in no particular order."""
        for key, value in self._rows.items():
            if key not in self._changes:
                yield value
        for changed in self._changes.values():
            if not isinstance(changed, _Gone):
                yield changed

    def items(self) -> Iterator[tuple[K, V]]:
        """Go through all rows with their keys, in no particular order."""
        for key in [*self._rows, *(key for key in self._changes if key not in self._rows)]:
            value = self.get(key)
            if value is not None:
                yield key, value

    @property
    def has_changes(self) -> bool:
        """Whether anything is to be carried down."""
        return bool(self._changes)

    def changed(self) -> Iterator[tuple[K, V | None, V | None]]:
        """Go through what this draft changes: each key with its row before and after."""
        for key, value in self._changes.items():
            yield key, self._rows.get(key), None if isinstance(value, _Gone) else value

    def __getitem__(self, key: K) -> V:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: K) -> bool:
        return self.get(key) is not None


def _table() -> Table[K, V]:
    return Table({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All rows of a store by their keys, as one reader or writer sees them.

    `emails`, `usernames`, `user_sessions`, `credentials` and `user_proofs` are the indexes of
    `users`, `sessions`, `passkeys` and `proofs`.
    """

    users: Table[UserId, User] = field(default_factory=_table)
    emails: Table[str, UserId] = field(default_factory=_table)
    usernames: Table[str, UserId] = field(default_factory=_table)
    passwords: Table[UserId, PasswordCredential] = field(default_factory=_table)
    sessions: Table[SessionId, Session] = field(default_factory=_table)
    user_sessions: Table[UserId, frozenset[SessionId]] = field(default_factory=_table)
    endings: Table[SessionId, Ending] = field(default_factory=_table)
    families: Table[SessionId, RefreshFamily] = field(default_factory=_table)
    keys: Table[str, SigningKey] = field(default_factory=_table)
    roles: Table[str, Role] = field(default_factory=_table)
    grants: Table[UserId, tuple[Grant, ...]] = field(default_factory=_table)
    throttles: Table[str, Throttle] = field(default_factory=_table)
    events: Table[EventId, StoredEvent] = field(default_factory=_table)
    attempts: Table[bytes, Attempt] = field(default_factory=_table)
    messages: Table[MessageId, Message] = field(default_factory=_table)
    proofs: Table[ProofId, Proof] = field(default_factory=_table)
    user_proofs: Table[UserId, frozenset[ProofId]] = field(default_factory=_table)
    partial_sessions: Table[PartialSessionId, PartialSession] = field(default_factory=_table)
    passkeys: Table[UserId, tuple[Passkey, ...]] = field(default_factory=_table)
    credentials: Table[bytes, UserId] = field(default_factory=_table)
    ceremonies: Table[bytes, Ceremony] = field(default_factory=_table)
    totps: Table[UserId, Totp] = field(default_factory=_table)
    waiting_totps: Table[UserId, Totp] = field(default_factory=_table)
    recovery_codes: Table[UserId, tuple[RecoveryCode, ...]] = field(default_factory=_table)
    api_keys: Table[ApiKeyId, ApiKey] = field(default_factory=_table)
    remembered: Table[RememberedId, Remembered] = field(default_factory=_table)
    factor_resets: Table[UserId, ResetRequest] = field(default_factory=_table)
    devices: Table[tuple[UserId, bytes], KnownDevice] = field(default_factory=_table)

    def draft(self) -> "Rows":
        """Return rows that show these and keep every change to themselves."""
        return Rows(**{name: getattr(self, name).draft() for name in TABLES})

    def apply(self) -> None:
        """Carry every change down, in one step."""
        for name in TABLES:
            getattr(self, name).apply()

    def changed(self) -> Iterator[tuple[str, Any, Any, Any]]:
        """Go through what this draft changes: table and key, the row before and after."""
        for name in TABLES:
            table: Table[Any, Any] = getattr(self, name)
            if table.has_changes:
                yield from ((name, *change) for change in table.changed())


TABLES: Final = tuple(table.name for table in fields(Rows))


class MemoryStore:
    """The committed rows, and the lock that lets one unit of work in at a time."""

    def __init__(self) -> None:
        """Start with the built-in role and nothing else."""
        self.rows = Rows()
        admin = Role(name=ADMIN, created_at=_BEGINNING, updated_at=_BEGINNING)
        self.rows.roles.put(ADMIN, admin)
        self.rows.apply()
        self.lock = asyncio.Lock()


class Desk:
    """Where repositories get at the rows: every access passes here and waits its turn.

    The wait is where another store would wait for its disk or network; without it no race could
    ever show on this one.
    """

    def __init__(self, rows: Rows, *, is_writable: bool) -> None:
        """Serve `rows`, to write to if `is_writable`."""
        self._rows = rows
        self._is_writable = is_writable
        self._is_open = True

    async def read(self) -> Rows:
        """Return the rows to read from, in one step that no await interrupts."""
        await asyncio.sleep(0)
        self.refuse_closed()
        return self._rows

    async def write(self) -> Rows:
        """Return the rows to change, in one step; raise `StorageReadOnly` in a view."""
        if not self._is_writable:
            raise StorageReadOnly
        return await self.read()

    def refuse_closed(self) -> None:
        """Raise `RuntimeError` once this is closed: a change made now would be lost unseen."""
        if not self._is_open:
            message = "this unit of work, or view, is over or has failed"
            raise RuntimeError(message)

    def fail(self) -> None:
        """Serve nothing any more if this was for a change: half of it may be missing."""
        self._is_open = self._is_open and not self._is_writable

    def close(self) -> None:
        """Serve nothing any more."""
        self._is_open = False


def changes(method: Method) -> Method:
    """Make a refusal by `method` the end of its unit of work, as it is in stricter stores."""

    @wraps(method)
    async def run(self: Any, *args: Any, **named: Any) -> Any:
        try:
            return await method(self, *args, **named)
        except LimenError:
            self._desk.fail()
            raise

    return cast("Method", run)
