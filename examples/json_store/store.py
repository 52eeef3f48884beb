"""A store for limen in a directory of JSON files: `open_store` is the way in.

It is written from `limen.ports` alone; nothing in limen knows it. One process at a time may
change something, any number may read meanwhile, and each commit writes the tables it changed
whole: a store for some thousands of users, on a local disk, on Linux, macOS or BSD.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from examples.json_store.access import JsonGrants, JsonRoles, JsonSigningKeys
from examples.json_store.api_keys import JsonApiKeys
from examples.json_store.codec import encode
from examples.json_store.devices import JsonDevices
from examples.json_store.directory import Directory
from examples.json_store.factor_resets import JsonFactorResets
from examples.json_store.factors import JsonRecoveryCodes, JsonTotps
from examples.json_store.mail import JsonMessages, JsonProofs
from examples.json_store.partial_sessions import JsonPartialSessions
from examples.json_store.passkeys import JsonCeremonies, JsonPasskeys
from examples.json_store.people import JsonAccounts, JsonPasswords, JsonUsers
from examples.json_store.records import JsonAttempts, JsonOutbox
from examples.json_store.remembered import JsonRemembered
from examples.json_store.signing_in import JsonFamilies, JsonSessions, JsonThrottles
from examples.json_store.tables import Desk
from limen.core.events import Event
from limen.core.ids import EventId
from limen.core.roles.model import ADMIN, Role
from limen.ports.ids import IdSource
from limen.ports.outbox import StoredEvent
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class JsonView:
    """All repositories at one desk."""

    def __init__(self, desk: Desk) -> None:
        self.users = JsonUsers(desk)
        self.passwords = JsonPasswords(desk)
        self.sessions = JsonSessions(desk)
        self.families = JsonFamilies(desk)
        self.keys = JsonSigningKeys(desk)
        self.roles = JsonRoles(desk)
        self.grants = JsonGrants(desk)
        self.throttles = JsonThrottles(desk)
        self.outbox = JsonOutbox(desk)
        self.attempts = JsonAttempts(desk)
        self.accounts = JsonAccounts(desk)
        self.messages = JsonMessages(desk)
        self.proofs = JsonProofs(desk)
        self.partial_sessions = JsonPartialSessions(desk)
        self.devices = JsonDevices(desk)
        self.remembered = JsonRemembered(desk)
        self.factor_resets = JsonFactorResets(desk)
        self.passkeys = JsonPasskeys(desk)
        self.ceremonies = JsonCeremonies(desk)
        self.totps = JsonTotps(desk)
        self.recovery_codes = JsonRecoveryCodes(desk)
        self.api_keys = JsonApiKeys(desk)


class JsonUnitOfWork(JsonView):
    """One change, held back until it commits."""

    def __init__(self, desk: Desk, ids: IdSource) -> None:
        super().__init__(desk)
        self._desk = desk
        self._ids = ids
        self._emitted: list[Event] = []
        self._committed: tuple[Event, ...] = ()

    @property
    def committed(self) -> tuple[Event, ...]:
        """The events that `commit` has made durable; none before."""
        return self._committed

    def emit(self, event: Event) -> None:
        """Put `event` into the outbox when, and only when, this change commits."""
        self._desk.refuse_over()
        self._emitted.append(event)

    async def commit(self) -> None:
        """Make everything durable: the events are in the same files and the same rename."""
        for event in self._emitted:
            tables = await self._desk.write()
            tables.events.put(_stored(event, EventId(self._ids.new())))
        await self._desk.commit()
        self._committed = tuple(self._emitted)


class JsonUnitOfWorkFactory:
    """Opens units of work and views on a directory."""

    def __init__(self, directory: Directory, ids: IdSource) -> None:
        """Work in `directory`; `ids` numbers the events."""
        self._directory = directory
        self._ids = ids

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work."""
        desk = Desk(self._directory, is_writable=True)
        try:
            yield JsonUnitOfWork(desk, self._ids)
        finally:
            desk.leave()

    @asynccontextmanager
    async def view(self) -> AsyncIterator[View]:
        """Open a view."""
        desk = Desk(self._directory, is_writable=False)
        try:
            yield JsonView(desk)
        finally:
            desk.leave()


def open_store(path: Path, ids: IdSource, *, is_durable: bool = True) -> JsonUnitOfWorkFactory:
    """Open the store in `path`, made with the built-in role if there is none. Blocks a moment."""
    directory = Directory(path, is_durable=is_durable)
    admin = Role(name=ADMIN, created_at=_BEGINNING, updated_at=_BEGINNING)
    directory.create({"roles": {ADMIN: encode(admin)}})
    return JsonUnitOfWorkFactory(directory, ids)


def _stored(event: Event, event_id: EventId) -> StoredEvent:
    return StoredEvent(
        id=event_id,
        name=event.name,
        at=event.at,
        actor=event.actor.recorded,
        user_id=event.user_id,
        payload=event.payload(),
    )


_conforms: type[UnitOfWorkFactory] = JsonUnitOfWorkFactory
