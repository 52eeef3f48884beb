"""Trying all orders of a scenario, and telling of the first that breaks something."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from limen.testing.interleavings.performance import Performance, perform
from limen.testing.interleavings.schedules import DepthFirst, Lots, Replay
from limen.testing.interleavings.stage import Scenario, title
from limen.testing.interleavings.story import tell
from limen.testing.store import OpenStore

# How far to look for a simpler order once one is found that breaks something.
_PREEMPTIONS_TO_TRY: Final = range(4)
_ORDERS_TO_TRY: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How far to go: at most `orders` one after the other, then `lots` drawn from `seed`.

    Nothing is drawn when the orders were all there are. `preemptions`: see `DepthFirst`.
    """

    orders: int = 10_000
    preemptions: int | None = None
    lots: int = 1_000
    seed: int = 0


@dataclass(slots=True, kw_only=True)
class Figures:
    """How far an exploration went. `endings` counts how the use cases came out."""

    scenario: str
    orders: int = 0
    is_exhaustive: bool = False
    lots: int = 0
    longest: int = 0
    endings: Counter[str] = field(default_factory=Counter)

    def count(self, performance: Performance) -> None:
        """Take one more order into account."""
        self.longest = max(self.longest, len(performance.schedule))
        self.endings[performance.ending] += 1


class Violation(AssertionError):
    """An order broke an invariant; `schedule` plays it again."""

    def __init__(self, message: str, schedule: str) -> None:
        """Carry the story in `message`."""
        super().__init__(message)
        self.schedule = schedule


def explore(scenario: Scenario, open_store: OpenStore, bound: Bound | None = None) -> Figures:
    """Try the orders of `scenario` on empty stores; raise `Violation` for one that breaks it."""
    bound = bound or Bound()
    figures = Figures(scenario=title(scenario))
    chooser = DepthFirst(bound.preemptions)
    while figures.orders < bound.orders and not figures.is_exhaustive:
        _take(scenario, open_store, perform(scenario, open_store, chooser), figures)
        figures.orders += 1
        figures.is_exhaustive = not chooser.turn()
    while figures.lots < bound.lots and not figures.is_exhaustive:
        lots = Lots(bound.seed + figures.lots)
        _take(scenario, open_store, perform(scenario, open_store, lots), figures)
        figures.lots += 1
    return figures


def replay(scenario: Scenario, open_store: OpenStore, schedule: str) -> Performance:
    """Play one order again, noting every step."""
    return perform(scenario, open_store, Replay(schedule), is_told=True)


def report(scenario: Scenario, performance: Performance) -> str:
    """Tell one order: who took part, what happened step by step, and what it broke."""
    cast = ", ".join(f"{letter} = {name}" for letter, name in performance.cast.items())
    return "\n".join(
        [
            f"{title(scenario)}: {scenario.__doc__}",
            f"{cast}; schedule {performance.schedule}",
            tell(list(performance.moments)),
            performance.broken,
        ]
    )


def _take(
    scenario: Scenario, open_store: OpenStore, performance: Performance, figures: Figures
) -> None:
    if performance.failure is not None:
        simplest = _simplest(scenario, open_store) or performance
        told = replay(scenario, open_store, simplest.schedule)
        if told.broken != simplest.broken:
            message = f"{simplest.schedule} came out otherwise when it was played again"
            raise RuntimeError(message)
        raise Violation(report(scenario, told), told.schedule) from told.failure
    figures.count(performance)


def _simplest(scenario: Scenario, open_store: OpenStore) -> Performance | None:
    """Find an order that breaks something while it stops people as rarely as possible."""
    for preemptions in _PREEMPTIONS_TO_TRY:
        chooser = DepthFirst(preemptions)
        for _ in range(_ORDERS_TO_TRY):
            performance = perform(scenario, open_store, chooser)
            if performance.failure is not None:
                return performance
            if not chooser.turn():
                break
    return None
