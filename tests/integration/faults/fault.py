"""What a fault of a store is: a lie that it tells, and the contracts that must catch it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.unit.testing.faults import Tell

# Nine races in ten show in a round. If it were one in two, a million million runs would miss one.
ROUNDS: Final = 40


@dataclass(frozen=True)
class StoreFault:
    """A lie, the store that tells it, and every contract that must catch it.

    Whether a race shows is a matter of luck: a contract meets it until it catches it, in so many
    `rounds` at most.

    `caught_by` has the tests as pytest names them, `TestUsers::test_...`; where a test has
    parameters, they may follow: `[users.add]`.
    """

    name: str
    tell: Tell
    caught_by: tuple[str, ...]
    storage: str
    rounds: int = 1

    @property
    def sentence(self) -> str:
        """The lie in words."""
        return self.name.replace("_", " ")


def faults_of(storage: str, *, rounds: int = 1) -> Callable[..., Callable[[Tell], StoreFault]]:
    """Return the decorator that makes a fault of `storage` from the function that tells the lie."""

    def fault(*caught_by: str) -> Callable[[Tell], StoreFault]:
        return lambda tell: StoreFault(tell.__name__, tell, caught_by, storage, rounds)

    return fault
