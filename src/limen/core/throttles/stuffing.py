"""Suspecting credential stuffing: many accounts, one after the other, from one network."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from limen.core.actor import Actor
from limen.core.events import StuffingSuspected
from limen.core.throttles.model import Throttle, ThrottlePolicy, address_key, of_network
from limen.ports.unit_of_work import UnitOfWork

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An attempt that was counted: in the window that began at `since`, was it the account's first?

    Windows begin at the same instants for all, so that an attempt has one without a row to look at.
    """

    since: datetime
    is_first: bool

    @classmethod
    def at(cls, account: Throttle, window: timedelta, now: datetime) -> "Tried":
        """Tell of an attempt at `now`, with the throttle of its account as it was before."""
        since = now - (now - _EPOCH) % window
        return cls(since=since, is_first=not account.attempts or account.last_at < since)


async def note_failure(
    uow: UnitOfWork, tried: Tried, actor: Actor, policy: ThrottlePolicy, now: datetime
) -> None:
    """Count one more account against which the actor's network failed, in the attempt's window.

    When they become too many, an event tells, once in each window. An account that was attempted
    before in this window is not counted again.
    """
    if actor.address is None or not tried.is_first:
        return
    (row,) = await uow.throttles.lock([address_key(actor.address, "stuffing")], now)
    if row.attempts and row.since > tried.since:
        return  # It was judged so late that the next window has begun.
    accounts = row.attempts + 1 if row.since == tried.since else 1
    await uow.throttles.save(replace(row, attempts=accounts, since=tried.since, last_at=now))
    if accounts == policy.suspicious_accounts:
        uow.emit(
            StuffingSuspected(
                at=now,
                actor=actor,
                network=of_network(actor.address),
                accounts=accounts,
                since=tried.since,
                until=tried.since + policy.window,
            )
        )
        if actor.meter is not None:
            actor.meter.suspicions += 1
