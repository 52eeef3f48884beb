"""The tables: JSON inside, models outside; and the desk at which repositories get at them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from examples.json_store.codec import decode, encode
from examples.json_store.directory import Directory, Row, Rows, unlock
from limen.core.api_keys.model import ApiKey
from limen.core.devices.model import KnownDevice
from limen.core.errors import ConcurrentUpdate, StorageReadOnly
from limen.core.factors.model import RecoveryCode, ResetRequest, Totp
from limen.core.idempotency.model import Attempt
from limen.core.ids import UserId
from limen.core.keys.model import SigningKey
from limen.core.messages.model import Message
from limen.core.partial_sessions.model import PartialSession
from limen.core.passkeys.model import Ceremony, Passkey
from limen.core.passwords.model import PasswordCredential
from limen.core.proofs.model import Proof, Purpose
from limen.core.remembered.model import Remembered
from limen.core.roles.model import Grant, Role
from limen.core.sessions.model import Ending, Session
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import User
from limen.ports.outbox import StoredEvent

T = TypeVar("T")


class Table(Generic[T]):
    """The rows of one kind by their keys; changes stay in here until somebody commits them."""

    def __init__(self, kind: type[T], key_of: Callable[[T], object], rows: Rows) -> None:
        """Show `rows`, which others see too: they are copied before the first change."""
        self._kind = kind
        self._key_of = key_of
        self.rows = rows
        self.is_changed = False

    def get(self, key: object) -> T | None:
        """Return the model under `key`, if there is one."""
        row = self.rows.get(str(key))
        return None if row is None else self.model(row)

    def put(self, model: T) -> None:
        """Keep `model` under its key, in place of what is there."""
        self._own()[str(self._key_of(model))] = encode(model)

    def save(self, model: T) -> None:
        """Keep `model` over the version before it; raise `ConcurrentUpdate` over any other."""
        row = self.rows.get(str(self._key_of(model)))
        if row is None or row["version"] != encode(model)["version"] - 1:
            raise ConcurrentUpdate
        self.put(model)

    def remove(self, key: object) -> None:
        """Remove what is under `key`, if there is anything."""
        self._own().pop(str(key), None)

    def remove_where(self, is_over: Callable[[T], bool], limit: int | None = None) -> list[str]:
        """Remove the models that are over, at most `limit`; return their keys."""
        over = (key for key, row in self.rows.items() if is_over(self.model(row)))
        found = list(islice(over, limit))
        for key in found:
            self.remove(key)
        return found

    def where(self, **wanted: object) -> Iterator[T]:
        """Go through the models with exactly these values in these fields."""
        encoded = {name: encode(value) for name, value in wanted.items()}
        for row in tuple(self.rows.values()):
            if all(row[name] == value for name, value in encoded.items()):
                yield self.model(row)

    def model(self, row: Row) -> T:
        """Return the model of a row."""
        model: T = decode(self._kind, row)
        return model

    def __contains__(self, key: object) -> bool:
        return str(key) in self.rows

    def _own(self) -> Rows:
        if not self.is_changed:
            self.rows, self.is_changed = dict(self.rows), True
        return self.rows


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything in the store, as one reader or writer sees it."""

    users: Table[User]
    passwords: Table[PasswordCredential]
    sessions: Table[Session]
    endings: Table[Ending]
    families: Table[RefreshFamily]
    keys: Table[SigningKey]
    roles: Table[Role]
    grants: Table[Grant]
    throttles: Table[Throttle]
    events: Table[StoredEvent]
    attempts: Table[Attempt]
    messages: Table[Message]
    proofs: Table[Proof]
    partial_sessions: Table[PartialSession]
    passkeys: Table[Passkey]
    ceremonies: Table[Ceremony]
    totps: Table[Totp]
    recovery_codes: Table[RecoveryCode]
    api_keys: Table[ApiKey]
    devices: Table[KnownDevice]
    remembered: Table[Remembered]
    factor_resets: Table[ResetRequest]

    @classmethod
    def of(cls, loaded: Mapping[str, Rows]) -> "Tables":
        """Return the tables over what a directory holds; what it does not hold is empty."""
        return cls(**{name: Table(*kind, loaded.get(name, {})) for name, kind in _KINDS.items()})

    def changed(self) -> dict[str, Rows]:
        """Return the tables that were written to."""
        tables = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: table.rows for name, table in tables.items() if table.is_changed}


def grant_key(user_id: UserId, role: str) -> str:
    """Return the key of the one grant of `role` to this user."""
    return f"{user_id} {role}"


def proof_key(user_id: UserId, purpose: Purpose, asker: bytes | None) -> str:
    """Return the key of the one proof of this user for `purpose` in this browser."""
    return f"{user_id} {purpose} {(asker or b'').hex()}"


def totp_key(user_id: UserId, *, is_confirmed: bool) -> str:
    """Return the key of the one secret of this user that counts, or of the one that waits."""
    return f"{user_id} {'counts' if is_confirmed else 'waits'}"


def recovery_code_key(user_id: UserId, digest: bytes) -> str:
    """Return the key of a recovery code of this user."""
    return f"{user_id} {digest.hex()}"


def device_key(user_id: UserId, digest: bytes) -> str:
    """Return the key of a device of this user."""
    return f"{user_id} {digest.hex()}"


# What is in each table, and under which key.
_KINDS: Final[Mapping[str, tuple[type[Any], Callable[[Any], object]]]] = {
    "users": (User, lambda user: user.id),
    "passwords": (PasswordCredential, lambda credential: credential.user_id),
    "sessions": (Session, lambda session: session.id),
    "endings": (Ending, lambda ending: ending.session_id),
    "families": (RefreshFamily, lambda family: family.session_id),
    "keys": (SigningKey, lambda key: key.id),
    "roles": (Role, lambda role: role.name),
    "grants": (Grant, lambda grant: grant_key(grant.user_id, grant.role)),
    "throttles": (Throttle, lambda throttle: throttle.key),
    "events": (StoredEvent, lambda event: event.id),
    "attempts": (Attempt, lambda attempt: attempt.scope.hex()),
    "messages": (Message, lambda message: message.id),
    "proofs": (Proof, lambda proof: proof_key(proof.user_id, proof.purpose, proof.asker)),
    "partial_sessions": (PartialSession, lambda partial: partial.id),
    "api_keys": (ApiKey, lambda key: key.id),
    "passkeys": (Passkey, lambda passkey: passkey.id),
    "ceremonies": (Ceremony, lambda ceremony: ceremony.digest.hex()),
    "totps": (
        Totp,
        lambda totp: totp_key(totp.user_id, is_confirmed=totp.confirmed_at is not None),
    ),
    "remembered": (Remembered, lambda remembered: remembered.id),
    "devices": (KnownDevice, lambda device: device_key(device.user_id, device.digest)),
    "factor_resets": (ResetRequest, lambda request: request.user_id),
    "recovery_codes": (RecoveryCode, lambda code: recovery_code_key(code.user_id, code.digest)),
}


class Desk:
    """Where the repositories of one unit of work, or of one view, get at the tables.

    A unit of work takes the lock with its first question and keeps its tables to the end; a view
    takes no lock and looks anew each time.
    """

    def __init__(self, directory: Directory, *, is_writable: bool) -> None:
        """Serve from `directory`, to write to if `is_writable`."""
        self._directory = directory
        self._is_writable = is_writable
        self._is_over = False
        self._lock: int | None = None
        self._tables: Tables | None = None

    async def read(self) -> Tables:
        """Return the tables to read from."""
        self.refuse_over()
        if self._tables is not None:
            return self._tables
        if self._is_writable and self._lock is None:
            self._lock = await self._directory.lock()
        tables = Tables.of(await asyncio.to_thread(self._directory.load))
        self._tables = tables if self._is_writable else None
        return tables

    async def write(self) -> Tables:
        """Return the tables to change; raise `StorageReadOnly` in a view."""
        if not self._is_writable:
            raise StorageReadOnly
        return await self.read()

    async def commit(self) -> None:
        """Make the changes durable, and be over.

        Once begun it goes to its end, and gives the lock back, whatever becomes of the caller.
        """
        self.refuse_over()
        self._is_over = True
        if self._lock is not None:
            changed = {} if self._tables is None else self._tables.changed()
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(None, self._directory.commit, changed, self._lock)
            self._lock = None  # From here on it is the work that gives it back.
            await asyncio.shield(work)

    def leave(self) -> None:
        """Be over; what was not committed is forgotten."""
        self._is_over = True
        lock, self._lock = self._lock, None
        if lock is not None:
            unlock(lock)

    def refuse_over(self) -> None:
        """Raise `RuntimeError` once this is over: a change made now would be lost unseen."""
        if self._is_over:
            raise RuntimeError("this unit of work, or view, is over")


class Repository:
    """Asks at a desk."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk
