"""How long a life lasts, and how long its next answer is waited for."""

from math import inf
from typing import Final

# Seconds. Whoever says nothing for so long hangs; this is no measure of speed.
PATIENCE: Final = 60.0


class Span:
    """A life that began `now` and lasts `seconds` from its first answer, or from its birth.

    Without `seconds` it lasts until it is ended for another reason. Instants are those of one
    clock, in seconds.
    """

    def __init__(self, seconds: float | None, *, is_from_birth: bool, now: float) -> None:
        """Begin to wait."""
        self._seconds = inf if seconds is None else seconds
        self._end = now + self._seconds if is_from_birth else inf
        self._patient_until = now + PATIENCE

    def answered(self, now: float) -> None:
        """Take note of an answer: the next one has its time from here."""
        self._patient_until = now + PATIENCE
        if self._end == inf:
            self._end = now + self._seconds

    def left(self, now: float) -> float:
        """Return how long to wait now: for the end of the life, or for an answer."""
        return max(0.0, min(self._end, self._patient_until) - now)

    def hangs(self, now: float) -> bool:
        """Tell whether the wait was for an answer and in vain."""
        return self._patient_until <= now < self._end
