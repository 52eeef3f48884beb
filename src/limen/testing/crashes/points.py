"""The points of a change at which a process can die, and units of work that die there.

A point lies before and after every call of a unit of work, its commit included. It has a name,
such as `before users.add` or `after commit (2)`, which is the same in every run of one use case.
Views have no points: whoever dies while reading dies between the changes before and after.
"""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, cast

from limen.core.events import Event
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View

COMMITTED: Final = "after commit"

_REPOSITORIES: Final = frozenset(
    name for name, part in vars(View).items() if isinstance(part, property)
)


class Crashed(BaseException):
    """The death of a process, where the process lives on: over a store in memory."""


def crash() -> None:
    """Leave whatever is under way, past every `except Exception`."""
    raise Crashed


def kill_this_process() -> None:
    """End this process at once: nothing is flushed, closed or told to anybody (SIGKILL)."""
    os.kill(os.getpid(), signal.SIGKILL)


class Course:
    """Names the points that are passed, and dies at a chosen one."""

    def __init__(self, die: Callable[[], object] = crash) -> None:
        """Die by `die`; until `end_at` or `end_after`, at no point."""
        self._die = die
        self._deadly: str | None = None
        self._left = 0
        self._times: dict[str, int] = {}
        self.passed: list[str] = []

    def restart(self) -> None:
        """Forget what was passed; die nowhere."""
        self._deadly, self._left = None, 0
        self._times, self.passed = {}, []

    def end_at(self, point: str) -> None:
        """Die at the point of this name."""
        self.restart()
        self._deadly = point

    def end_after(self, count: int) -> None:
        """Die at the `count`-th point from here."""
        self.restart()
        self._left = count

    @property
    def commits(self) -> int:
        """How many commits were acknowledged by now."""
        return self._times.get(COMMITTED, 0)

    def reach(self, name: str) -> None:
        """Pass a point, or die there."""
        times = self._times[name] = self._times.get(name, 0) + 1
        point = name if times == 1 else f"{name} ({times})"
        self.passed.append(point)
        self._left -= 1
        if point == self._deadly or self._left == 0:
            self._die()


class CrashingUnits:
    """A unit-of-work factory, whatever the store, whose units die where the course ends."""

    def __init__(self, inner: UnitOfWorkFactory, course: Course) -> None:
        """Tell `course` of every call to the units of `inner`."""
        self._inner = inner
        self._course = course

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        async with self._inner() as uow:
            yield cast("UnitOfWork", _CrashingUnit(uow, self._course))

    def view(self) -> AbstractAsyncContextManager[View]:
        """Open a view."""
        return self._inner.view()


class _CrashingUnit:
    """A unit of work that passes a point before and after each call."""

    def __init__(self, inner: UnitOfWork, course: Course) -> None:
        self._inner = inner
        self._course = course

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._inner, name)
        return _CrashingRepository(part, name, self._course) if name in _REPOSITORIES else part

    def emit(self, event: Event) -> None:
        self._course.reach("before emit")
        self._inner.emit(event)
        self._course.reach("after emit")

    async def commit(self) -> None:
        self._course.reach("before commit")
        await self._inner.commit()
        self._course.reach(COMMITTED)


class _CrashingRepository:
    """A repository that passes a point before and after each call."""

    def __init__(self, inner: object, name: str, course: Course) -> None:
        self._inner = inner
        self._name = name
        self._course = course

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._inner, name)

        async def call(*args: Any, **named: Any) -> Any:
            self._course.reach(f"before {self._name}.{name}")
            result = await method(*args, **named)
            self._course.reach(f"after {self._name}.{name}")
            return result

        return call


_conforms: type[UnitOfWorkFactory] = CrashingUnits
