"""Choosing the store by the scheme of the database URL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.wiring.settings import DatabaseSettings, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """How many connections there may be, are, and are in use."""

    limit: int
    size: int
    busy: int


class Storage(Protocol):
    """A store with its life: migrated, opened, asked how it is, closed."""

    @property
    def units(self) -> UnitOfWorkFactory:
        """What opens units of work on it."""
        ...

    async def migrate(self) -> None:
        """Bring the schema up to date; safe when two processes do it at once."""
        ...

    async def open(self) -> None:
        """Get ready; needs a running event loop."""
        ...

    async def ping(self) -> None:
        """Raise `StorageUnavailable` unless the store answers."""
        ...

    async def is_current(self) -> bool:
        """Tell whether the schema is the one this version of limen works with."""
        ...

    async def now(self) -> datetime | None:
        """Return the time of the store's own clock, `None` if it has none."""
        ...

    def pool_use(self) -> PoolUse | None:
        """Return how busy the connections are, `None` where there are none."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...


class MemoryStorage:
    """A store that lives and ends with this object."""

    def __init__(self, ids: IdSource) -> None:
        """Start empty."""
        self.units: UnitOfWorkFactory = MemoryUnitOfWorkFactory(MemoryStore(), ids)

    async def migrate(self) -> None:
        """Do nothing: there is no schema."""

    async def open(self) -> None:
        """Do nothing: it is there."""

    async def ping(self) -> None:
        """Do nothing: it answers."""

    async def is_current(self) -> bool:
        """Return true: there is no schema."""
        return True

    async def now(self) -> datetime | None:
        """Return nothing: it has no clock."""
        return None

    def pool_use(self) -> None:
        """Return nothing: there are no connections."""

    async def close(self) -> None:
        """Do nothing: it goes with this object."""


def make_storage(settings: DatabaseSettings, ids: IdSource) -> Storage:
    """Return the store that the URL names, not yet opened."""
    if settings.store is Store.MEMORY:
        return MemoryStorage(ids)
    # Only those who keep something in a database need SQLAlchemy and the drivers.
    from limen.wiring.sql_storage import SqlStorage  # noqa: PLC0415

    return SqlStorage(settings, ids)
