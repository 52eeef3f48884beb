"""Callers that come at the same time, and two nodes for them to come to."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from limen.core.errors import LimenError
from limen.core.ids import UserId
from limen.core.throttles.model import ThrottlePolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly
from limen.testing.policies import Policies

MANY: Final = 100
# A deadlock would hang the run; this is no measure of speed.
PATIENCE: Final = 120
# What is tried here is not how often one may try.
UNTHROTTLED: Final = Policies(throttle=ThrottlePolicy(free_failures=10_000, per_address=10_000))


async def together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run all calls at once; return results and refusals. Anything else fails the test."""
    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, LimenError):
            raise outcome
    return outcomes


def kinds(outcomes: Sequence[object]) -> Counter[str]:
    """Count outcomes by the name of their type."""
    return Counter(type(outcome).__name__ for outcome in outcomes)


def two_nodes(
    unit_of_work: UnitOfWorkFactory, policies: Policies | None = None
) -> tuple[Assembly, Assembly]:
    """Two processes over one store, with clocks that agree."""
    here = Assembly(unit_of_work, policies=policies)
    return here, Assembly(unit_of_work, clock=here.clock, policies=policies, seed=1)


async def live_sessions(limen: Assembly, user_id: UserId) -> int:
    """Count the live sessions of a user, who may be gone."""
    async with limen.unit_of_work.view() as view:
        return len(await view.sessions.list_live(user_id, limen.clock.now()))
