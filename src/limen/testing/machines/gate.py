"""A hasher with a gate: attempts that are under way at the same time, in an order one chooses."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from limen.core.secret import Secret
from limen.testing.fakes import PlainHasher

T = TypeVar("T")


class GatedHasher(PlainHasher):
    """Hashes at once, or, while the gate is shut, keeps whoever verifies waiting before it."""

    def __init__(self) -> None:
        """Begin with an open gate."""
        super().__init__()
        self._arrival: asyncio.Future[asyncio.Event] | None = None

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        """Verify once the gate lets one through."""
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            gate = asyncio.Event()
            arrival.set_result(gate)
            await gate.wait()
        await super().verify(password, digest)

    async def hold(self, use_case: Coroutine[Any, Any, T]) -> "Underway[T]":
        """Run a use case until it wants to verify a password, or until it is over."""
        self._arrival = arrival = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(use_case)
        await asyncio.wait({task, arrival}, return_when=asyncio.FIRST_COMPLETED)
        self._arrival = None
        return Underway(task, arrival.result() if arrival.done() else None)


class Underway(Generic[T]):
    """A use case that waits before the gate, unless it is over already."""

    def __init__(self, task: asyncio.Task[T], gate: asyncio.Event | None) -> None:
        """Keep the task, and the gate it waits at."""
        self._task = task
        self._gate = gate

    @property
    def is_waiting(self) -> bool:
        """Whether it came as far as the gate."""
        return self._gate is not None

    async def go_on(self) -> T:
        """Open the gate; return what the use case gives, or raise what it raises."""
        if self._gate is not None:
            self._gate.set()
        return await self._task

    async def cancel(self) -> None:
        """Give up, whatever it was."""
        self._task.cancel()
        await asyncio.wait({self._task})
