"""What a fault is: a lie that a store tells, and the contract that must catch it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Tell = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """A lie, how it is told, and the contract that must catch it."""

    name: str
    tell: Tell
    caught_by: str


def fault(caught_by: str) -> Callable[[Tell], Fault]:
    """Make a fault of the function that tells the lie."""
    return lambda tell: Fault(tell.__name__, tell, caught_by)
