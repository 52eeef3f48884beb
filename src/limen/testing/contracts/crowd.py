"""Many callers at once, and what became of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from limen.core.errors import LimenError
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from limen.testing.contracts.steps import change, look

MANY: Final = 100
FEWER: Final = 25
# A deadlock would hang the run; this is no measure of speed.
PATIENCE: Final = 60


Step = Callable[[UnitOfWork], Awaitable[Any]]


async def at_once(
    unit_of_work: UnitOfWorkFactory, *steps: Callable[[UnitOfWork], Awaitable[Any]]
) -> list[Any]:
    """Take every step in a unit of work of its own, all at once; return results and refusals.

    What is not a refusal (`LimenError`) is a failure of the test.
    """
    async with asyncio.timeout(PATIENCE):
        # Who must still connect comes too late for a race: let everybody ask something before.
        await asyncio.gather(*(look(unit_of_work, lambda view: view.keys.list()) for _ in steps))
        outcomes = await asyncio.gather(
            *(change(unit_of_work, step) for step in steps), return_exceptions=True
        )
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, LimenError):
            raise outcome
    return outcomes


def kinds(outcomes: list[Any]) -> Counter[str]:
    """Count outcomes by the name of their type."""
    return Counter(type(outcome).__name__ for outcome in outcomes)


def adding(user: User) -> Callable[[UnitOfWork], Awaitable[None]]:
    """Return the step that adds `user`."""
    return lambda uow: uow.users.add(user)


def saving(user: User) -> Callable[[UnitOfWork], Awaitable[None]]:
    """Return the step that saves `user`."""
    return lambda uow: uow.users.save(user)
