"""The machine itself: its clock, its chance, and identifiers made of both."""

import os
import threading
import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from limen.ports.clock import Clock
from limen.ports.entropy import Entropy
from limen.ports.ids import IdSource

_NANOSECONDS_PER_MILLISECOND: Final = 1_000_000
_TAIL_BITS: Final = 74
_STEP_BITS: Final = 32
_RAND_B_BITS: Final = 62
_VERSION_7: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62


class SystemClock:
    """Tells the time of the machine."""

    def now(self) -> datetime:
        """Return this instant, aware and in UTC."""
        return datetime.now(UTC)


class SystemEntropy:
    """Gives the random bytes of the operating system."""

    def bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        return os.urandom(count)


class SystemIds:
    """Makes UUIDv7s that strictly increase within a process, whatever the clock does.

    48 bits of milliseconds, then 74 random bits that serve as a counter: within a millisecond,
    or while the clock stands behind an identifier already made, they grow by a random step
    (RFC 9562 section 6.2, method 2). Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._tail = 0

    def new(self) -> UUID:
        """Return a fresh UUIDv7 (RFC 9562 section 5.7), greater than every one made here before."""
        now = time.time_ns() // _NANOSECONDS_PER_MILLISECOND
        with self._lock:
            if now > self._milliseconds:
                self._milliseconds, self._tail = now, _fresh_tail()
            else:
                self._step()
            return _uuid7(self._milliseconds, self._tail)

    def _step(self) -> None:
        self._tail += 1 + int.from_bytes(os.urandom(_STEP_BITS // 8))
        if self._tail >> _TAIL_BITS:
            # The counter is used up, so borrow the next millisecond.
            self._milliseconds, self._tail = self._milliseconds + 1, _fresh_tail()


def _fresh_tail() -> int:
    """Return a random tail whose highest bit is clear, so that there is room to count."""
    return int.from_bytes(os.urandom(10)) >> (80 - _TAIL_BITS + 1)


def _uuid7(milliseconds: int, tail: int) -> UUID:
    rand_a, rand_b = tail >> _RAND_B_BITS, tail & ((1 << _RAND_B_BITS) - 1)
    return UUID(int=milliseconds << 80 | _VERSION_7 | rand_a << 64 | _VARIANT | rand_b)


_conforms: tuple[type[Clock], type[Entropy], type[IdSource]] = (
    SystemClock,
    SystemEntropy,
    SystemIds,
)
