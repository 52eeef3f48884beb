"""Who goes next: every choice in turn, by lot, or as written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from limen.testing.fakes import SeededEntropy


class ScheduleMisfit(ValueError):
    """A schedule names somebody who cannot go on at that point: it is of another run."""


class Chooser(Protocol):
    """Decides who goes next."""

    def choose(self, runnable: Sequence[str], last: str | None) -> str:
        """Return one of `runnable`; `last` went before, and may not be able to go on."""
        ...


@dataclass(slots=True)
class _Fork:
    """A point at which several could have gone on."""

    last: str | None
    can_last_go_on: bool
    taken: str
    untried: list[str]
    preemptions_before: int

    @property
    def preemptions(self) -> int:
        """How often, up to here, somebody had to stop who could have gone on."""
        return self.preemptions_before + (self.can_last_go_on and self.taken != self.last)


class DepthFirst:
    """Every order once, the last choice varied first; whoever went last goes on at first.

    With `preemptions`, only orders in which at most that many times somebody is stopped who could
    have gone on: of the races that programs have, nearly all need one or two (Musuvathi and
    Qadeer, "Iterative Context Bounding", PLDI 2007).
    """

    def __init__(self, preemptions: int | None = None) -> None:
        """Begin with the order in which nobody is stopped."""
        self._bound = preemptions
        self._forks: list[_Fork] = []
        self._at = 0

    def choose(self, runnable: Sequence[str], last: str | None) -> str:
        """Follow the present order; beyond its end, let the last go on."""
        if self._at == len(self._forks):
            self._forks.append(self._fork(runnable, last))
        self._at += 1
        return self._forks[self._at - 1].taken

    def turn(self) -> bool:
        """Turn to the next order; false if there is none left."""
        self._at = 0
        while self._forks:
            fork = self._forks[-1]
            if fork.untried:
                fork.taken = fork.untried.pop(0)
                return True
            self._forks.pop()
        return False

    def _fork(self, runnable: Sequence[str], last: str | None) -> _Fork:
        before = self._forks[-1].preemptions if self._forks else 0
        can_last_go_on = last in runnable
        options = sorted(runnable, key=lambda who: who != last)
        if can_last_go_on and self._bound is not None and before >= self._bound:
            options = options[:1]
        return _Fork(last, can_last_go_on, options[0], options[1:], before)


class Lots:
    """Orders drawn by lot; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        """Draw from `seed`."""
        self._entropy = SeededEntropy(seed)

    def choose(self, runnable: Sequence[str], last: str | None) -> str:  # noqa: ARG002 - a lot has no memory.
        """Draw one."""
        if len(runnable) == 1:
            return runnable[0]
        return runnable[int.from_bytes(self._entropy.bytes(4)) % len(runnable)]


class Replay:
    """An order as it was written down; beyond its end, whoever went last goes on."""

    def __init__(self, schedule: Sequence[str]) -> None:
        """Follow `schedule`, the names of those who went, in order."""
        self._schedule = schedule
        self._at = 0

    def choose(self, runnable: Sequence[str], last: str | None) -> str:
        """Return whose turn it was."""
        if self._at < len(self._schedule):
            who = self._schedule[self._at]
            self._at += 1
        else:
            who = last if last in runnable and last is not None else runnable[0]
        if who not in runnable:
            message = f"at step {self._at} it is the turn of {who!r}, who cannot go on"
            raise ScheduleMisfit(message)
        return who
