"""Refusing the access tokens of ended sessions without reading the store at each request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from limen.core.errors import SessionEnded, StorageUnavailable
from limen.core.events import Event
from limen.core.ids import SessionId
from limen.ports.clock import Clock
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialPolicy:
    """How old the list may be: read again after `fresh`, refuse everybody after `stale`.

    `memory` is the longest life of an access token; `overlap` is how far back each reading
    reaches behind the one before, for changes that commit late and clocks that differ.
    """

    fresh: timedelta = timedelta(seconds=2)
    stale: timedelta = timedelta(seconds=5)
    overlap: timedelta = timedelta(seconds=60)
    memory: timedelta = timedelta(minutes=16)


class DenialList:
    """The sessions that ended while access tokens of theirs may still live.

    Endings by this process count at once, those by others within `fresh`. When the store cannot
    be read for longer than `stale`, nobody is let in.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, policy: DenialPolicy
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._policy = policy
        self._ended: dict[SessionId, datetime] = {}
        self._read_at: datetime | None = None
        self._is_outdated = True
        self._reading = asyncio.Lock()

    def outdate(self) -> None:
        """Have the list read again before the next check."""
        self._is_outdated = True

    async def check(self, session_id: SessionId) -> None:
        """Raise `SessionEnded` if the session has ended, `StorageUnavailable` if unsure."""
        now = self._clock.now()
        if self._is_outdated or not self._is_within(self._policy.fresh, now):
            await self._refresh(now)
        if session_id in self._ended:
            raise SessionEnded

    def _is_within(self, age: timedelta, now: datetime) -> bool:
        return self._read_at is not None and self._read_at <= now < self._read_at + age

    async def _refresh(self, now: datetime) -> None:
        async with self._reading:
            if not self._is_outdated and self._is_within(self._policy.fresh, now):
                return
            was_outdated, self._is_outdated = self._is_outdated, False
            try:
                await self._read(now)
            except BaseException as error:
                self._is_outdated = was_outdated
                if not isinstance(error, StorageUnavailable) or was_outdated:
                    raise
                if not self._is_within(self._policy.stale, now):
                    raise

    async def _read(self, now: datetime) -> None:
        horizon = now - self._policy.memory
        since = horizon if self._read_at is None else max(horizon, self._read_at)
        async with self._unit_of_work.view() as view:
            endings = await view.sessions.list_endings(since - self._policy.overlap)
        kept = {key: at for key, at in self._ended.items() if at >= horizon}
        kept.update((ending.session_id, ending.ended_at) for ending in endings)
        self._ended = kept
        self._read_at = now


class ListenedUnits:
    """A unit-of-work factory that tells a listener each event once it is committed."""

    def __init__(self, inner: UnitOfWorkFactory, listener: Callable[[Event], None]) -> None:
        self._inner = inner
        self._listener = listener

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        async with self._inner() as uow:
            try:
                yield uow
            finally:
                for event in uow.committed:
                    self._listener(event)

    def view(self) -> AbstractAsyncContextManager[View]:
        """Open a view."""
        return self._inner.view()
