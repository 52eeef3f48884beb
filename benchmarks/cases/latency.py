"""How long others wait while sign-ins take all the hashing there is."""

import asyncio

from benchmarks.bench import API, Bench, Result, always, login
from benchmarks.contest import Round, compete, middle
from benchmarks.figures import paired_ratio
from benchmarks.goals import LATENCY
from benchmarks.load.drive import Load, drive
from benchmarks.load.requests import request
from benchmarks.load.speaker import Talk

_CONNECTIONS = 8
_PER_SECOND = 400.0
_SIGNING_IN = 8
_SHARE = 0.99


async def measure(bench: Bench) -> Result:
    """Ask who one is at a steady pace, alone and beside sign-ins that never stop."""
    people = await bench.sign_in_many(_CONNECTIONS)
    asking = [always(request("GET", f"{API}/me", token=person.access_token)) for person in people]
    # Others than those who ask: an account has room for five failures at once.
    signing_in = [always(login(_CONNECTIONS + number)) for number in range(_SIGNING_IN)]

    async def beside(seconds: float) -> Round:
        # The queue for hashing is full before the first question, and until after the last.
        crowd = asyncio.create_task(drive(bench.server.port, signing_in, seconds + 1))
        await asyncio.sleep(0.5)
        load = await _ask(bench, asking, seconds)
        await crowd
        return _round(load)

    async def alone(seconds: float) -> Round:
        return _round(await _ask(bench, asking, seconds))

    contest = await compete(
        beside,
        alone,
        rounds=bench.size.rounds,
        seconds=bench.size.hashing_seconds,
        progress=bench.progress,
    )
    slow = [found.figure for found in contest.ours]
    quick = [found.figure for found in contest.theirs]
    return Result(
        goal=LATENCY,
        storage=bench.store.name,
        value=paired_ratio(slow, quick),
        limen=f"{middle(contest.ours):.2f} ms",
        limit=f"{middle(contest.theirs):.2f} ms",
        notes=(f"{_PER_SECOND:.0f} questions a second", f"{_SIGNING_IN} people signing in"),
        rounds={"limen": slow, "limit": quick},
    )


async def _ask(bench: Bench, talks: list[Talk], seconds: float) -> Load:
    return await drive(bench.server.port, talks, seconds, per_second=_PER_SECOND)


def _round(load: Load) -> Round:
    return Round(figure=load.percentile(_SHARE) * 1000, generator=load.generator)
