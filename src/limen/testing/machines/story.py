"""What happened in a sequence, as one tells it: a line for each step."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from limen.core.errors import LimenError

_DONE: Final = "done"


class Story:
    """The steps of one sequence so far: when, who did what, what was right, what came."""

    def __init__(self, about: str) -> None:
        """Begin the story of one sequence."""
        self._about = about
        self._lines: list[str] = []

    def tell(self, at: datetime, did: str, *, expected: str = "", came: str = "") -> None:
        """Add a step."""
        instant = at.replace(tzinfo=None).isoformat(" ")
        outcome = f" - expected: {expected}; came: {came}" if expected or came else ""
        self._lines.append(f"{instant}  {did}{outcome}")

    def __str__(self) -> str:
        """Tell it whole, with numbered steps."""
        steps = [f"{number:4}. {line}" for number, line in enumerate(self._lines, 1)]
        return "\n".join([f"What happened ({self._about}):", *steps])


def in_words(outcome: object) -> str:
    """Say how a use case ended, for people."""
    if not isinstance(outcome, BaseException):
        return _DONE
    name = type(outcome).__name__
    if not isinstance(outcome, LimenError):
        return f"{name}({outcome})"
    wait = outcome.retry_after
    return name if wait is None else f"{name} (again in {wait:g} s)"


def any_of(refusals: Collection[type[LimenError]]) -> str:
    """Say what would be right: one of these refusals, or none at all."""
    return " or ".join(sorted(refusal.__name__ for refusal in refusals)) or _DONE


def span(by: timedelta) -> str:
    """Say how long something is: `1 day, 0:00:10`, or the rare microseconds exactly."""
    return f"-{-by}" if by < timedelta(0) else str(by)
