"""Two processes over one store, and what scenarios ask of them afterwards."""

from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from limen.core.errors import LimenError
from limen.core.ids import UserId
from limen.core.signin.levels import FactorPolicy
from limen.core.throttles.model import ThrottlePolicy
from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly
from limen.testing.interleavings.stage import Outcomes
from limen.testing.policies import Policies

T = TypeVar("T")

# Who has this role must have a second factor.
KEEPER: Final = "keeper"
# What is tried here is not how often one may try.
_POLICIES: Final = Policies(
    throttle=ThrottlePolicy(free_failures=10_000, per_address=10_000),
    factors=FactorPolicy(required_for=frozenset({KEEPER})),
)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Two limens over one store, with clocks that agree."""

    here: Assembly
    there: Assembly

    async def live_sessions(self, user_id: UserId) -> int:
        """Count the live sessions of a user."""
        async with self.here.unit_of_work.view() as view:
            return len(await view.sessions.list_live(user_id, self.here.clock.now()))

    async def check_dead(self, *outcomes: object) -> None:
        """Check that the refresh tokens among `outcomes` are good for nothing."""
        for tokens in outcomes:
            if isinstance(tokens, IssuedTokens):
                again = await refusal_or(
                    self.there.tokens.refresh(refresh_token=tokens.refresh_token)
                )
                assert kind(again) == "RefreshTokenInvalid", f"a dead token gave {kind(again)}"


def two_nodes(unit_of_work: UnitOfWorkFactory, factors: FactorPolicy = _POLICIES.factors) -> Nodes:
    """Return two limens over one store."""
    policies = replace(_POLICIES, factors=factors)
    here = Assembly(unit_of_work, policies=policies)
    return Nodes(here, Assembly(unit_of_work, clock=here.clock, policies=policies, seed=1))


async def refusal_or(use_case: Coroutine[Any, Any, T]) -> T | LimenError:
    """Return what a use case gives, or the refusal it raises."""
    try:
        return await use_case
    except LimenError as refusal:
        return refusal


def kind(outcome: object) -> str:
    """Name the type of an outcome."""
    return type(outcome).__name__


def check_kinds(outcomes: Outcomes, *allowed: dict[str, int]) -> None:
    """Check that outcomes, counted by their types, are one of those allowed."""
    found = Counter(map(kind, outcomes.values()))
    assert found in allowed, f"the outcomes are {dict(found)}"
