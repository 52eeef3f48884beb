"""Locks on rows, held until the end of a unit of work, as PostgreSQL keeps them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

Owner: TypeAlias = object
Row: TypeAlias = tuple[str, object]


class CircleOfWaiting(AssertionError):
    """Units of work lock in different orders and wait for each other.

    A database would refuse one of them, whichever it likes; here it is a finding.
    """


class Mode(Enum):
    """How strong a lock is (PostgreSQL documentation, 13.3.2 Row-Level Locks)."""

    KEY_SHARE = "key share"
    NO_KEY_UPDATE = "no key update"
    UPDATE = "update"

    def excludes(self, other: "Mode") -> bool:
        """Tell whether two owners cannot hold these two on one row."""
        return Mode.UPDATE in {self, other} or self is other is Mode.NO_KEY_UPDATE


@dataclass(frozen=True, slots=True)
class Lock:
    """A row and how strongly it is to be held."""

    row: Row
    mode: Mode


@dataclass(frozen=True, slots=True, eq=False)
class _Claim:
    """Somebody who holds a lock, or waits for one until `granted` is done."""

    owner: Owner
    lock: Lock
    granted: "asyncio.Future[None] | None" = None

    def bars(self, owner: Owner, lock: Lock) -> bool:
        return (
            self.owner is not owner
            and self.lock.row == lock.row
            and self.lock.mode.excludes(lock.mode)
        )


@dataclass(slots=True)
class RowLocks:
    """Who holds what and who waits; whoever would close a circle of waiting gets `circle`."""

    circle: type[Exception] = CircleOfWaiting
    _held: list[_Claim] = field(default_factory=list)
    _waiting: list[_Claim] = field(default_factory=list)

    async def take(self, owner: Owner, lock: Lock) -> None:
        """Hold `lock`, after everybody who bars it; raise `circle`."""
        if any(self._barring(owner, lock)):
            if self._would_wait_for_itself(owner, lock):
                kind, _ = lock.row
                raise self.circle(f"who asks for a {kind} is waited for by whoever has it")
            await self._wait(_Claim(owner, lock, asyncio.get_running_loop().create_future()))
        else:
            self._held.append(_Claim(owner, lock))

    def holds(self, owner: Owner, lock: Lock) -> bool:
        """Tell whether the owner holds this lock, or one on the same row that is as strong."""
        return any(
            claim.owner is owner and claim.lock.row == lock.row and _covers(claim.lock, lock)
            for claim in self._held
        )

    def release(self, owner: Owner) -> None:
        """Give back whatever the owner holds; let those in who waited for it, in order."""
        self._held = [claim for claim in self._held if claim.owner is not owner]
        for claim in list(self._waiting):
            if claim.granted is not None and not any(self._barring(claim.owner, claim.lock)):
                self._waiting.remove(claim)
                self._held.append(claim)
                claim.granted.set_result(None)

    async def _wait(self, claim: _Claim) -> None:
        self._waiting.append(claim)
        try:
            if claim.granted is not None:
                await claim.granted
        finally:
            if claim in self._waiting:
                self._waiting.remove(claim)

    def _barring(self, owner: Owner, lock: Lock) -> Iterator[Owner]:
        return (claim.owner for claim in self._held if claim.bars(owner, lock))

    def _would_wait_for_itself(self, owner: Owner, lock: Lock) -> bool:
        seen: list[Owner] = []
        ahead = list(self._barring(owner, lock))
        while ahead:
            other = ahead.pop()
            if other is owner:
                return True
            if other not in seen:
                seen.append(other)
                for claim in self._waiting:
                    if claim.owner is other:
                        ahead += self._barring(other, claim.lock)
        return False


def _covers(held: Lock, wanted: Lock) -> bool:
    order = list(Mode)
    return order.index(held.mode) >= order.index(wanted.mode)
