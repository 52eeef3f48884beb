"""One order, played from an empty store to the last check."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any, Final

from limen.core.errors import LimenError
from limen.testing.asserting import need_assertions
from limen.testing.interleavings.loop import Deadlock, SteppingLoop, stepping_loop
from limen.testing.interleavings.schedules import Chooser, ScheduleMisfit
from limen.testing.interleavings.stage import Outcomes, Scenario, Stage
from limen.testing.interleavings.story import Moment, ending, place
from limen.testing.invariants.violations import check_store
from limen.testing.store import OpenStore

# Far more than any use case takes; who passes it goes in a circle.
_MOST_STEPS: Final = 2_000
_ENDS_OF_THE_RUN: Final = (KeyboardInterrupt, SystemExit)


class Endless(AssertionError):
    """Somebody goes on and on."""


class Unforeseen(AssertionError):
    """A use case raised what is no refusal, or left a task behind that failed unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What became of one order.

    `schedule` has a letter for each step, `cast` says whose letter it is.
    """

    schedule: str
    cast: Mapping[str, str]
    outcomes: Outcomes
    moments: tuple[Moment, ...]
    failure: BaseException | None

    @property
    def broken(self) -> str:
        """What it broke, in one line."""
        if self.failure is None:
            return "nothing is broken"
        # A test runner adds lines of its own, which may name places in memory.
        first, *_ = str(self.failure).splitlines() or [""]
        return f"{type(self.failure).__name__}: {first}"

    @property
    def ending(self) -> str:
        """How everybody came out, in one line."""
        kinds = {name: type(outcome).__name__ for name, outcome in self.outcomes.items()}
        return ", ".join(f"{name}: {kind}" for name, kind in kinds.items())


def perform(
    scenario: Scenario, open_store: OpenStore, chooser: Chooser, *, is_told: bool = False
) -> Performance:
    """Play `scenario` on an empty store in the order of `chooser`; note every step if `is_told`.

    Whatever a use case or a check raises becomes the `failure` of the performance.
    """
    need_assertions()
    loop = stepping_loop()
    store = AsyncExitStack()
    with loop.running():
        try:
            unit_of_work = loop.run_alone(store.enter_async_context(open_store()))
            stage = loop.run_alone(scenario(unit_of_work))
            return _Play(loop, stage, is_told=is_told).through(chooser)
        finally:
            loop.run_alone(store.aclose())


class _Play:
    """The use cases of a stage, on their way."""

    def __init__(self, loop: SteppingLoop, stage: Stage, *, is_told: bool) -> None:
        self._loop = loop
        self._stage = stage
        self._is_told = is_told
        self._cast = dict(zip(ascii_lowercase, stage.use_cases, strict=False))
        self._tasks: dict[str, asyncio.Task[Any]] = {
            letter: loop.begin(letter, stage.use_cases[name]) for letter, name in self._cast.items()
        }
        self._schedule: list[str] = []
        self._moments: list[Moment] = []

    def through(self, chooser: Chooser) -> Performance:
        """Go to the end, and check what it left."""
        outcomes: dict[str, object] = {}
        failure: BaseException | None = None
        try:
            self._go_on(chooser)
            outcomes = self._outcomes()
            limen = self._stage.limen
            now = limen.clock.now()
            self._loop.run_alone(check_store(limen.unit_of_work, now, limen.policies))
            self._loop.run_alone(self._stage.check(outcomes))
        except (ScheduleMisfit, *_ENDS_OF_THE_RUN):
            raise
        except BaseException as broken:  # noqa: BLE001 - test runners raise others than Exception.
            failure = broken
        finally:
            self._loop.abandon(*self._tasks)
        return Performance(
            schedule="".join(self._schedule),
            cast=self._cast,
            outcomes=outcomes,
            moments=tuple(self._moments),
            failure=failure,
        )

    def _go_on(self, chooser: Chooser) -> None:
        """Go on while anybody can, also with what ended use cases have left behind."""
        while runnable := self._runnable():
            if len(self._schedule) >= _MOST_STEPS:
                raise Endless(f"not at an end after {_MOST_STEPS} steps")
            who = chooser.choose(runnable, self._schedule[-1] if self._schedule else None)
            had_ended = self._tasks[who].done()
            self._loop.step(who)
            self._schedule.append(who)
            if self._is_told:
                self._note(who, had_ended=had_ended)
        waiting = [self._cast[who] for who, task in self._tasks.items() if not task.done()]
        if waiting:
            raise Deadlock(f"nobody can go on; {' and '.join(waiting)} would wait for ever")

    def _runnable(self) -> list[str]:
        ready = self._loop.runnable()
        return [letter for letter in self._tasks if letter in ready]

    def _note(self, who: str, *, had_ended: bool) -> None:
        task = self._tasks[who]
        if had_ended:
            where = "what it left behind goes on"
        else:
            where = ending(_outcome(task)) if task.done() else place(task.get_coro())
        if not task.done() and who not in self._loop.runnable():
            where += ", and waits"
        self._moments.append(Moment(self._cast[who], where))

    def _outcomes(self) -> dict[str, object]:
        outcomes = {name: _outcome(self._tasks[who]) for who, name in self._cast.items()}
        for name, outcome in outcomes.items():
            if isinstance(outcome, BaseException) and not isinstance(outcome, LimenError):
                raise Unforeseen(f"{name} raised {outcome!r}") from outcome
        for complaint in self._loop.unseen():
            raise Unforeseen(complaint)
        return outcomes


def _outcome(task: asyncio.Task[Any]) -> object:
    return task.exception() or task.result()
