"""What goes wrong, and when: chosen before a step, it strikes in the midst of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from limen.testing.simulation.chance import Chance


class Trouble(Enum):
    """The ways in which a call goes wrong that is no fault of limen's."""

    NONE = ""
    NO_ANSWER_FROM_STORE = "the store fails once"
    NO_ACKNOWLEDGEMENT = "a commit is not acknowledged"
    HANGS_UP = "the caller hangs up"
    CRASHES = "the worker crashes"
    LOST_ANSWER = "the answer is lost"
    TIME_PASSES = "time passes"
    BUSY = "hashing is busy"


_TROUBLES: Final = tuple(trouble for trouble in Trouble if trouble is not Trouble.NONE)
_FREQUENCY: Final = 0.12
_LATEST_TURN: Final = 30
_MOST_ACCESSES: Final = 12
_MOST_COMMITS: Final = 3
# The clocks of limen's nodes may step back, but not by more than its leeway.
FURTHEST_BACK: Final = timedelta(seconds=4)
_LONGEST_CALL_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """The trouble of one step, and after how much of it."""

    trouble: Trouble
    after: int = 0
    by: timedelta = timedelta(0)


_QUIET: Final = Plan(Trouble.NONE)


def plan(chance: Chance) -> Plan:
    """Choose the trouble of a step; mostly there is none."""
    if not chance.happens(_FREQUENCY):
        return _QUIET
    trouble = chance.pick(_TROUBLES)
    most = {
        Trouble.NO_ANSWER_FROM_STORE: _MOST_ACCESSES,
        Trouble.NO_ACKNOWLEDGEMENT: _MOST_COMMITS,
    }.get(trouble, _LATEST_TURN)
    seconds = chance.between(0, _LONGEST_CALL_SECONDS)
    return Plan(trouble, 1 + chance.below(most), timedelta(seconds=seconds))


# How likely each wait is, and its bounds in seconds: small ones, edges of lifetimes, jumps.
_WAITS: Final[Sequence[tuple[float, float, float]]] = (
    (0.34, 0.001, 1),
    (0.16, 1, 3),
    (0.10, 4, 6),
    (0.16, 9, 11),
    (0.08, 50, 70),
    (0.05, 840, 970),
    (0.03, 3600, 25_000),
    (0.004, 86_400, 260_000),
)


def wait(chance: Chance) -> timedelta:
    """Choose how far the clock moves: on, in all sizes, or a small step back."""
    drawn = chance.between(0, 1)
    for probability, low, high in _WAITS:
        if drawn < probability:
            return timedelta(seconds=round(chance.between(low, high), 3))
        drawn -= probability
    return -timedelta(seconds=round(chance.between(0, 2), 3))
