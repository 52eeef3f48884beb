"""An event loop without time and without I/O: of all who are ready, the seed picks who goes on."""

import asyncio
from asyncio import _get_running_loop, _set_running_loop
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, Final

from limen.testing.simulation.chance import Chance
from limen.testing.unseen import unseen

MOST_TURNS: Final = 20_000
# How likely one who goes on goes on once more: all alike, or one far ahead of the others.
_HASTE: Final = (0.0, 0.5, 0.9)


class NeverEnds(Exception):
    """A step took more turns than anything sensible does."""


class SimulatedLoop(asyncio.AbstractEventLoop):
    """Runs tasks until none is ready any more; every interleaving of theirs can come up.

    A turn is what happens between two awaits of one task. Something can be made to happen before
    the n-th turn: that is how a worker crashes in the midst of a use case.
    """

    def __init__(self, chance: Chance) -> None:
        """Let `chance` pick; raise `RuntimeError` where another loop runs."""
        if _get_running_loop() is not None:
            raise RuntimeError("a simulation has a loop of its own: call it outside of any other")
        self._chance = chance
        self._ready: list[tuple[Callable[..., object], tuple[Any, ...], Context]] = []
        self._due: list[tuple[int, Callable[[], object]]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._complaints: list[str] = []

    def before_turn(self, turn: int, do: Callable[[], object]) -> None:
        """Have something done before the n-th turn from now, if it comes to that."""
        self._due.append((turn, do))
        self._due.sort(key=lambda due: due[0], reverse=True)

    def run_until_quiet(self) -> int:
        """Run everything that is ready or becomes so; return how many turns that took."""
        turns = 0
        ready, due, below, happens = (
            self._ready,
            self._due,
            self._chance.below,
            self._chance.happens,
        )
        haste = self._chance.pick(_HASTE) if len(ready) > 1 else 0.0
        _set_running_loop(self)
        try:
            while ready:
                turns += 1
                while due and due[-1][0] <= turns:
                    due.pop()[1]()
                if turns > MOST_TURNS:
                    raise NeverEnds
                # The last one is mostly whoever went on just now.
                is_fast = len(ready) == 1 or (haste and happens(haste))
                callback, args, context = ready.pop(-1 if is_fast else below(len(ready)))
                context.run(callback, *args)
        finally:
            _set_running_loop(None)
            due.clear()
        return turns

    def unseen(self) -> list[str]:
        """Return what was complained of, and what tasks failed with that nobody asked for.

        To be called when everybody who wants to know has asked.
        """
        ended = [task for task in self._tasks if task.done()]
        self._tasks = [task for task in self._tasks if not task.done()]
        self._complaints += unseen(ended)
        return self._complaints

    # --- what tasks, futures and locks ask of a loop ---

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Any:
        """Put `callback` among those who are ready."""
        self._ready.append((callback, args, copy_context() if context is None else context))

    def create_task(self, coro: Coroutine[Any, Any, Any], **named: Any) -> Any:  # type: ignore[override]
        """Start a coroutine."""
        task = asyncio.Task(coro, loop=self, **named)
        self._tasks.append(task)
        return task

    def create_future(self) -> "asyncio.Future[Any]":
        """Make a future of this loop."""
        return asyncio.Future(loop=self)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what a task failed with that nobody asked."""
        self._complaints.append(f"{context.get('message')}: {context.get('exception')!r}")

    def get_debug(self) -> bool:
        """Tell that this loop keeps no trace of its own."""
        return False

    def is_running(self) -> bool:
        """Tell that tasks may be started."""
        return True

    def is_closed(self) -> bool:
        """Tell that it never closes."""
        return False
