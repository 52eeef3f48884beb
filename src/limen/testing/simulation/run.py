"""Running a simulation from its seed, and telling the shortest history of what it found."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from limen.testing.simulation.journal import Violation
from limen.testing.simulation.world import World

REPORTED_EVERY: Final = 1000
SHRUNK_WITH: Final = 100_000
_FIRST_TAIL: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An invariant that did not hold: at which step, and a short history that leads there.

    `numbers` are the steps of that history: `replay(seed, numbers)` runs it again.
    """

    violation: Violation
    step: int
    numbers: tuple[int, ...]
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far a simulation came. `digest` is the SHA-256 of its whole history."""

    seed: int
    steps: int
    digest: str
    finding: Finding | None


def simulate(
    seed: int,
    steps: int,
    *,
    progress: Callable[[int], None] = lambda _: None,
    shrunk_with: int = SHRUNK_WITH,
) -> Report:
    """Take `steps` steps from `seed`, or up to the first violation, whose history is shortened.

    Shortening takes `shrunk_with` further steps at most. `progress` is told every thousand steps
    how many are done.
    """
    world, digest = World(seed), hashlib.sha256()
    number = 0
    while number < steps and world.journal.violation is None:
        number += 1
        digest.update(world.step(number).encode() + b"\n")
        if number % REPORTED_EVERY == 0:
            progress(number)
    world.look_at_all()
    violation = world.journal.violation
    finding = None if violation is None else _shorten(seed, number, violation, shrunk_with)
    return Report(seed=seed, steps=number, digest=digest.hexdigest(), finding=finding)


def replay(seed: int, numbers: Iterable[int]) -> tuple[Violation | None, tuple[str, ...]]:
    """Take these steps of a seed alone; return the violation, and the history up to there."""
    world, history = World(seed), []
    for number in numbers:
        history.append(world.step(number))
        if world.journal.violation is not None:
            break
    world.look_at_all()
    return world.journal.violation, tuple(history)


class _Shortening:
    """Leaves steps out for as long as the same invariant is violated, and the steps last."""

    def __init__(self, seed: int, violation: Violation, steps: int) -> None:
        self._seed = seed
        self._invariant = violation.invariant
        self._left = steps

    def still_fails(self, numbers: Sequence[int]) -> tuple[int, ...] | None:
        """Return `numbers` up to the violation, or `None` if there is none, or no time."""
        if len(numbers) > self._left:
            return None
        violation, history = replay(self._seed, numbers)
        self._left -= len(history)
        if violation is None or violation.invariant is not self._invariant:
            return None
        return tuple(numbers[: len(history)])

    def tail(self, last: int) -> tuple[int, ...]:
        """Return the last few steps that suffice, twice as many each time, or all of them."""
        size = _FIRST_TAIL
        while size < last:
            found = self.still_fails(range(last - size + 1, last + 1))
            if found is not None:
                return found
            size *= 2
        return tuple(range(1, last + 1))

    def shortest(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Leave out halves, quarters and so on down to single steps (delta debugging)."""
        size = len(numbers) // 2
        while size:
            at = 0
            while at < len(numbers):
                found = self.still_fails(numbers[:at] + numbers[at + size :])
                if found is None:
                    at += size
                else:
                    numbers = found
            size //= 2
        return numbers


def _shorten(seed: int, last: int, violation: Violation, steps: int) -> Finding:
    shortening = _Shortening(seed, violation, steps)
    numbers = shortening.shortest(shortening.tail(last))
    found, history = replay(seed, numbers)
    return Finding(violation=found or violation, step=last, numbers=numbers, history=history)
