"""What a fault of a store is: a lie that it tells, and the contract that must catch it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.unit.testing.faults import Fault, Tell

# Nine races in ten show in a round. If it were one in two, a million million runs would miss one.
ROUNDS: Final = 40


@dataclass(frozen=True)
class StoreFault(Fault):
    """A lie, and the store that tells it.

    Whether a race shows is a matter of luck: a contract meets it until it catches it, in so many
    `rounds` at most.

    `caught_by` is the test as pytest names it, `TestUsers::test_...`; where the test has
    parameters, they may follow: `[users.add]`.
    """

    storage: str
    rounds: int = 1

    @property
    def sentence(self) -> str:
        """The lie in words."""
        return self.name.replace("_", " ")


def faults_of(storage: str, *, rounds: int = 1) -> Callable[[str], Callable[[Tell], StoreFault]]:
    """Return the decorator that makes a fault of `storage` from the function that tells the lie."""

    def fault(caught_by: str) -> Callable[[Tell], StoreFault]:
        return lambda tell: StoreFault(tell.__name__, tell, caught_by, storage, rounds)

    return fault
