"""Decisions that look like chance and follow from a seed."""

from collections.abc import Sequence
from random import Random  # noqa: TID251 - nothing here is chance: everything follows from a seed.
from typing import Final, TypeVar

T = TypeVar("T")

_STEPS: Final = 32


class Chance:
    """One stream of decisions for each step of each seed, so that steps can be left out."""

    def __init__(self, seed: int) -> None:
        """Begin with the stream of step 0."""
        self._seed = seed << _STEPS
        self._random = Random(self._seed)  # noqa: S311 - nobody's secret depends on it.

    def begin(self, step: int) -> None:
        """Begin the one stream of a step."""
        self._random.seed(self._seed | step)

    def below(self, bound: int) -> int:
        """Return a number from 0 up to and without `bound`."""
        return int(self._random.random() * bound)

    def happens(self, probability: float) -> bool:
        """Tell whether something of this probability happens."""
        return self._random.random() < probability

    def between(self, low: float, high: float) -> float:
        """Return a number between two others."""
        return low + self._random.random() * (high - low)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[int(self._random.random() * len(options))]
