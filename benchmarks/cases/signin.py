"""Signing in beside hashing alone."""

from benchmarks.bench import Bench, Result, always, login
from benchmarks.contest import by_limit, compete, over_http
from benchmarks.goals import SIGN_IN
from benchmarks.limits.process import limit

# Enough for the hashing thread never to wait for work.
_AT_ONCE = 4


async def measure(bench: Bench) -> Result:
    """Sign a few people in again and again, each with a session of their own every time."""
    talks = [always(login(number)) for number in range(_AT_ONCE)]
    with limit("hashing", bench.cores.measured) as hashing:
        contest = await compete(
            over_http(bench.server, talks),
            by_limit(hashing, threads=1),
            rounds=bench.size.rounds,
            seconds=bench.size.hashing_seconds,
            progress=bench.progress,
        )
    return bench.result(SIGN_IN, contest)
