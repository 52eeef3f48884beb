"""Rounds of a contest, one after the other."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from limen.testing.assembly import Assembly
from limen.testing.races.contests import Calls, Contest
from limen.testing.races.crowd import Crowd


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a round came out: how many got what one can have, and what is wrong, if anything."""

    got_it: int
    calls: Calls
    fault: str | None


def race(contest: Contest, crowd: Crowd, *, rounds: int, callers: int) -> Iterator[Result]:
    """Run `rounds` rounds, each for something new, with `callers` calls at once."""
    with asyncio.Runner() as runner:
        for _ in range(rounds):
            yield runner.run(_round(contest, crowd, crowd.next_round(), callers))


async def _round(contest: Contest, crowd: Crowd, number: int, callers: int) -> Result:
    async with crowd.open_store() as unit_of_work:
        # Each round makes users of its own, with identifiers nobody else gives.
        limen = Assembly(unit_of_work, seed=1_000 + number)
        prize = await contest.prepare(limen, number)
        calls = await asyncio.to_thread(crowd.call, contest, prize, callers)
        got_it = await contest.count(limen, prize)
    return Result(got_it=got_it, calls=calls, fault=contest.fault(calls, got_it))
