"""Removing what is over, a bounded number of rows at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from limen.core.access import authorise
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.roles.model import Permission
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long each kind of finished thing is kept."""

    sessions: timedelta = timedelta(days=30)
    grants: timedelta = timedelta(days=90)
    throttles: timedelta = timedelta(days=7)
    events: timedelta = timedelta(days=90)
    messages: timedelta = timedelta(days=30)
    api_keys: timedelta = timedelta(days=90)
    devices: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How many rows of each kind were removed."""

    sessions: int
    grants: int
    throttles: int
    attempts: int
    events: int
    messages: int
    proofs: int
    api_keys: int
    ceremonies: int
    factors: int
    partial_sessions: int
    devices: int
    remembered: int
    factor_resets: int


class MaintenanceService:
    """Keeps every table bounded: each has a declared lifetime."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient, policy: RetentionPolicy
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._policy = policy

    async def purge(self, *, actor: Actor) -> Purged:
        """Remove what is past its lifetime, in transactions of at most 1000 rows.

        Needs `maintenance.run`; no route of the HTTP API leads here.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.MAINTENANCE_RUN, now)
        return Purged(
            sessions=await self._drain(now - self._policy.sessions, lambda uow: uow.sessions.purge),
            grants=await self._drain(now - self._policy.grants, lambda uow: uow.grants.purge),
            throttles=await self._drain(
                now - self._policy.throttles, lambda uow: uow.throttles.purge
            ),
            attempts=await self._drain(now, lambda uow: uow.attempts.purge),
            events=await self._drain(now - self._policy.events, lambda uow: uow.outbox.purge),
            messages=await self._drain(now - self._policy.messages, lambda uow: uow.messages.purge),
            proofs=await self._drain(now, lambda uow: uow.proofs.purge),
            api_keys=await self._drain(now - self._policy.api_keys, lambda uow: uow.api_keys.purge),
            ceremonies=await self._drain(now, lambda uow: uow.ceremonies.purge),
            factors=await self._drain(now, lambda uow: uow.totps.purge),
            partial_sessions=await self._drain(now, lambda uow: uow.partial_sessions.purge),
            remembered=await self._drain(now, lambda uow: uow.remembered.purge),
            devices=await self._drain(now - self._policy.devices, lambda uow: uow.devices.purge),
            factor_resets=await self._drain(now, lambda uow: uow.factor_resets.purge),
        )

    async def _drain(
        self,
        before: datetime,
        purge: Callable[[UnitOfWork], Callable[[datetime, int], Awaitable[int]]],
    ) -> int:
        total = 0
        while True:
            async with self._unit_of_work() as uow:
                removed = await purge(uow)(before, _BATCH)
                await uow.commit()
            total += removed
            if removed < _BATCH:
                return total
