"""A scenario set up: whose use cases meet, and what must hold when all have ended."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly

# By the name of the use case: what it gave, or the refusal it raised.
Outcomes: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Use cases that have not begun, by name, and the check for the state they leave.

    Whatever `check` raises is a finding, an `AssertionError` above all. What holds in every store
    is checked in any case.
    """

    limen: Assembly
    use_cases: Mapping[str, Coroutine[Any, Any, object]]
    check: Callable[[Outcomes], Coroutine[Any, Any, None]]


# Its name says who meets, its docstring what must hold.
Scenario: TypeAlias = Callable[[UnitOfWorkFactory], Coroutine[Any, Any, Stage]]


def title(scenario: Scenario) -> str:
    """Return the name of a scenario as people read it."""
    return scenario.__name__.replace("_", " ")
