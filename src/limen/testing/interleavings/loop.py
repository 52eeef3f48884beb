"""An event loop without clock, network or threads: it takes one step of whom it is told to."""

import asyncio
from asyncio.events import _get_running_loop, _set_running_loop
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from limen.testing.unseen import unseen

T = TypeVar("T")

_NOBODY: Final = ""
# Far more than clearing up takes; who passes it never ends.
_MOST_LAST_STEPS: Final = 10_000
_who: Final = ContextVar("_who", default=_NOBODY)


class Deadlock(AssertionError):
    """Nobody can go on, and not everybody has ended."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that can be done now, on behalf of somebody."""

    who: str
    handle: asyncio.Handle
    callback: Callable[..., object]
    arguments: tuple[Any, ...]
    context: Context

    def take(self) -> None:
        if not self.handle.cancelled():
            self.context.run(self.callback, *self.arguments)


class SteppingLoop(asyncio.AbstractEventLoop):
    """What asyncio's tasks, futures and locks need of a loop, and not more.

    Whatever else is asked of it, a timer or a socket, raises `NotImplementedError`: it would not
    come out alike twice. A task started by a use case belongs to that use case.
    """

    def __init__(self) -> None:
        """Start with nothing to do."""
        self._steps: list[_Step] = []
        self._tasks: list[tuple[str, asyncio.Task[Any]]] = []

    # --- for asyncio ---------------------------------------------------------------------------

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Note a step for later."""
        context = copy_context() if context is None else context
        handle = asyncio.Handle(callback, args, self, context)
        who = context.get(_who, _NOBODY)
        self._steps.append(_Step(who, handle, callback, args, context))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """Return a task that has not begun."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(((context or copy_context()).get(_who, _NOBODY), task))
        return task

    def get_debug(self) -> bool:
        """Return false: nothing here is slow by accident."""
        return False

    def is_running(self) -> bool:
        """Return true: it is asked only while it steps."""
        return True

    def is_closed(self) -> bool:
        """Return false: it holds nothing to close."""
        return False

    def call_exception_handler(self, context: Mapping[str, Any]) -> None:
        """Raise what asyncio complains of: nothing fails unseen."""
        raise RuntimeError(context.get("message")) from context.get("exception")

    # --- for whoever decides the order ---------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be the running loop of this thread; nobody is left when it is no more."""
        before = _get_running_loop()
        _set_running_loop(self)
        try:
            yield
        finally:
            self.abandon(*{who for who, _ in self._tasks})
            _set_running_loop(before)

    def begin(self, who: str, use_case: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Return the task of `who`, ready for its first step."""
        context = copy_context()
        context.run(_who.set, who)
        return self.create_task(use_case, context=context)

    def runnable(self) -> frozenset[str]:
        """Name everybody who can take a step now; whoever waits for another cannot."""
        return frozenset(step.who for step in self._steps)

    def step(self, who: str) -> None:
        """Take the next step of `who`: on to an await that lets others go first."""
        at = next(n for n, step in enumerate(self._steps) if step.who == who)
        self._steps.pop(at).take()

    def run_alone(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something to its end while nobody else does anything."""
        task = self.begin(_NOBODY, work)
        try:
            while not task.done() and _NOBODY in self.runnable():
                self.step(_NOBODY)
        except BaseException:
            self._end_all([task], [_NOBODY])
            raise
        if not task.done():
            self._end_all([task], [_NOBODY])
            raise Deadlock("it waits for somebody who never comes")
        return task.result()

    def unseen(self) -> list[str]:
        """Return what tasks failed with that nobody asked for, when everybody has asked."""
        return unseen(task for _, task in self._tasks if task.done())

    def abandon(self, *cast: str) -> None:
        """Cancel all tasks of these and let them clear up; nobody asks any more how they ended.

        Who does not end then is dropped.
        """
        self._end_all([task for who, task in self._tasks if who in cast], cast)

    def _end_all(self, tasks: Collection[asyncio.Task[Any]], cast: Collection[str]) -> None:
        for task in tasks:
            task.cancel()
        self._clear_up(cast)
        for task in tasks:
            if task.done():
                _ = task.cancelled() or task.exception()
            else:
                # It would complain that it is dropped.
                task._log_destroy_pending = False  # type: ignore[attr-defined] # noqa: SLF001

    def _clear_up(self, cast: Collection[str]) -> None:
        for _ in range(_MOST_LAST_STEPS):
            who = next((step.who for step in self._steps if step.who in cast), None)
            if who is None:
                return
            self.step(who)
        self._steps = [step for step in self._steps if step.who not in cast]


def stepping_loop() -> SteppingLoop:
    """Return a new loop."""
    return SteppingLoop()  # type: ignore[abstract] # What is missing must not be used.
