"""Refusing the access tokens of ended sessions without reading the store at each request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from limen.core.errors import SessionEnded, StorageUnavailable
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
        self._changes = 1
        self._changes_read = 0
        self._reading: asyncio.Task[None] | None = None

    def outdate(self) -> None:
        """Have the list read again before the next check."""
        self._changes += 1

    async def check(self, session_id: SessionId) -> None:
        """Raise `SessionEnded` if the session has ended, `StorageUnavailable` if unsure."""
        now = self._clock.now()
        if self._is_behind or not self._is_within(self._policy.fresh, now):
            await self._refresh(now)
        if session_id in self._ended:
            raise SessionEnded

    @property
    def _is_behind(self) -> bool:
        return self._changes_read < self._changes

    def _is_within(self, age: timedelta, now: datetime) -> bool:
        return self._read_at is not None and self._read_at <= now < self._read_at + age

    async def _refresh(self, now: datetime) -> None:
        try:
            await self._join_reading()
            if self._is_behind:
                # That reading was under way already when the last change came; the next was not.
                await self._join_reading()
        except StorageUnavailable:
            if self._is_behind or not self._is_within(self._policy.stale, now):
                raise

    async def _join_reading(self) -> None:
        """Wait for the one reading that is under way: all share its outcome, none can stop it."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
            # Whoever waits is told of a failure; that nobody does is no failure of its own.
            self._reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        now = self._clock.now()
        changes = self._changes
        horizon = now - self._policy.memory
        since = horizon if self._read_at is None else max(horizon, self._read_at)
        async with self._unit_of_work.view() as view:
            endings = await view.sessions.list_endings(since - self._policy.overlap)
        kept = {key: at for key, at in self._ended.items() if at >= horizon}
        kept.update((ending.session_id, ending.ended_at) for ending in endings)
        self._ended = kept
        self._read_at = now
        self._changes_read = changes


class WatchedUnits:
    """A unit-of-work factory that outdates the denial list when sessions end, or may have.

    A commit whose outcome is unknown may have ended some.
    """

    def __init__(self, inner: UnitOfWorkFactory, denials: DenialList) -> None:
        self._inner = inner
        self._denials = denials

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        try:
            async with self._inner() as uow:
                try:
                    yield uow
                finally:
                    if any(event.ends_sessions for event in uow.committed):
                        self._denials.outdate()
        except (StorageUnavailable, asyncio.CancelledError):
            self._denials.outdate()
            raise

    def view(self) -> AbstractAsyncContextManager[View]:
        """Open a view."""
        return self._inner.view()
