"""What every machine has: a loop of its own, a limen on a store, a clock to move."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final, TypeAlias, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from limen.core.errors import LimenError
from limen.core.signin.model import ThrottlePolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, Policies

T = TypeVar("T")

OpenStore: TypeAlias = Callable[[], AbstractAsyncContextManager[UnitOfWorkFactory]]

QUICK: Final = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# These machines are not about how often one may try.
_POLICIES: Final = Policies(throttle=ThrottlePolicy(free_failures=10_000, per_address=10_000))


class StoreMachine(RuleBasedStateMachine):
    """A machine on an empty store."""

    def __init__(self, open_store: OpenStore) -> None:
        """Open the store and put a limen on it."""
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        unit_of_work = self.run(self._stack.enter_async_context(open_store()))
        self.limen = Assembly(unit_of_work, policies=_POLICIES)
        self.run(self.limen.keys.ensure(actor=OPERATOR))

    def run(self, use_case: Coroutine[Any, Any, T]) -> T:
        """Run a use case to its end."""
        return self._runner.run(use_case)

    def refusal_or(self, use_case: Coroutine[Any, Any, T]) -> T | LimenError:
        """Run a use case; return what it gave, or the refusal it raised."""
        try:
            return self.run(use_case)
        except LimenError as refusal:
            return refusal

    def teardown(self) -> None:
        """Close the store."""
        self.run(self._stack.aclose())
        self._runner.close()


def prove(
    machine: Callable[[OpenStore], StoreMachine], open_store: OpenStore, how: settings = QUICK
) -> None:
    """Let Hypothesis look for a sequence in which store and model differ; fail if it finds one."""
    on_an_empty_store = cast("type[StoreMachine]", lambda: machine(open_store))
    run_state_machine_as_test(on_an_empty_store, settings=how)
