"""What every machine has: a limen on an empty store, a clock to move, a story to tell."""

import asyncio
import sys
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, ClassVar, Final, Self, TypeAlias, TypeVar, cast

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from limen.core.errors import LimenError
from limen.core.throttles.model import ThrottlePolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly
from limen.testing.asserting import need_assertions
from limen.testing.contracts.comparison import shape
from limen.testing.fakes import PlainHasher
from limen.testing.machines.story import Story, any_of, in_words, span
from limen.testing.policies import Policies
from limen.testing.store import OpenStore

T = TypeVar("T")

QUICK: Final = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    # The kept failures first; a story explains better than more tries would.
    phases=[Phase.reuse, Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    print_blob=True,
)

# Most machines are not about how often one may try.
PATIENT: Final = Policies(
    throttle=ThrottlePolicy(free_failures=10_000, many_failures=10_000, per_address=10_000)
)


class Bench:
    """Where the sequences of one proof run: one event loop, and a store, emptied for each."""

    def __init__(self, open_store: OpenStore, name: str) -> None:
        """Make the loop; `open_store` opens the store for each sequence."""
        need_assertions()
        self.name = name
        self.sequences = 0
        self.steps = 0
        self._open_store = open_store
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    def run(self, use_case: Coroutine[Any, Any, T]) -> T:
        """Run a use case to its end."""
        return self._runner.get_loop().run_until_complete(use_case)

    def open(self) -> UnitOfWorkFactory:
        """Open the store, empty, for the next sequence."""
        self.clear()
        self.sequences += 1
        return self.run(self._stack.enter_async_context(self._open_store()))

    def clear(self) -> None:
        """Close the store."""
        self.run(self._stack.aclose())

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the loop, with whatever is open."""
        self.clear()
        self._runner.close()


class StoreMachine(RuleBasedStateMachine):
    """A machine on an empty store."""

    policies: ClassVar[Policies] = PATIENT

    def __init__(self, bench: Bench) -> None:
        """Put a limen on the store."""
        super().__init__()
        self.bench = bench
        self.story = Story(bench.name)
        self.hasher = self.make_hasher()
        self.limen = Assembly(bench.open(), policies=self.policies, hasher=self.hasher)
        self.began_at = self.now
        self.run(self.limen.keys.ensure(actor=OPERATOR))

    def make_hasher(self) -> PlainHasher:
        """Choose what hashes the passwords."""
        return PlainHasher()

    @property
    def now(self) -> datetime:
        """The instant at which the clock stands."""
        return self.limen.clock.now()

    def run(self, use_case: Coroutine[Any, Any, T]) -> T:
        """Run a use case to its end."""
        return self.bench.run(use_case)

    def attempt(
        self,
        did: str,
        use_case: Coroutine[Any, Any, T],
        refusals: Collection[type[LimenError]] = (),
    ) -> T | LimenError:
        """Run a use case and tell what came of it; return what it gave, or how it refused.

        With `refusals`, exactly one of them is right; without, none is.
        """
        expected = any_of(refusals)
        outcome: T | LimenError
        try:
            outcome = self.run(use_case)
        except LimenError as refusal:
            outcome = refusal
        except Exception as error:
            self.story.tell(self.now, did, expected=expected, came=in_words(error))
            raise
        self.story.tell(self.now, did, expected=expected, came=in_words(outcome))
        if isinstance(outcome, LimenError) and type(outcome) not in refusals:
            raise AssertionError(f"{did}: expected {expected}, came {outcome!r}") from outcome
        if not isinstance(outcome, LimenError) and refusals:
            raise AssertionError(f"{did}: expected {expected}, and it was done")
        return outcome

    def compare(self, what: str, found: object, expected: object) -> None:
        """Fail unless what was found is what the model says, to the last field."""
        if shape(found) != shape(expected):
            self.story.tell(self.now, what, expected=repr(expected), came=repr(found))
            raise AssertionError(f"{what}: expected {expected!r}, came {found!r}")

    def pass_time(self, by: timedelta) -> None:
        """Move the clock, never to before it all began."""
        if by and self.now + by >= self.began_at:
            self.story.tell(self.now, f"time moves by {span(by)}")
            self.limen.clock.advance(by)

    @invariant()
    def a_step_was_made(self) -> None:
        self.bench.steps += 1

    def teardown(self) -> None:
        """Close the store; if the sequence fails, give what it fails with its story."""
        finding = sys.exception()
        if isinstance(finding, Exception):
            finding.add_note(str(self.story))
        self.bench.clear()


Machine: TypeAlias = Callable[[Bench], StoreMachine]


class Proof(Bench):
    """Sequences of one machine on one store: makes machine after machine, and counts."""

    def __init__(self, machine: Machine, open_store: OpenStore, store: str = "") -> None:
        """Prepare; failing sequences are kept under the names of machine and store."""
        self.__name__ = f"{getattr(machine, '__name__', machine)} on {store or 'this store'}"
        super().__init__(open_store, self.__name__)
        self._machine = machine

    def __call__(self) -> StoreMachine:
        """Make a machine on the emptied store."""
        return self._machine(self)

    def search(self, how: settings, *, seed: int | None = None, again: str | None = None) -> None:
        """Look for a sequence in which store and model differ; raise what it fails with.

        The same `seed` tries the same sequences; `again` is the text in the last line that
        Hypothesis printed about a failure, and tries that one alone.
        """
        factory: Any = self
        if seed is not None:
            factory = hypothesis.seed(seed)(factory)
        if again is not None:
            factory = hypothesis.reproduce_failure(hypothesis.__version__, again.encode())(factory)
        run_state_machine_as_test(cast("type[StoreMachine]", factory), settings=how)


def prove(
    machine: Machine,
    open_store: OpenStore,
    how: settings = QUICK,
    *,
    store: str = "",
    seed: int | None = None,
    again: str | None = None,
) -> None:
    """Let Hypothesis look for a sequence in which store and model differ; fail if it finds one.

    What it finds is made short, told as a story, kept in `.hypothesis` under the names of the
    machine and the `store`, and tried first the next time.
    """
    with Proof(machine, open_store, store) as proof:
        proof.search(how, seed=seed, again=again)
