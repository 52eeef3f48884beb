"""Telling a proxy who asks, beside a route that does nothing."""

from benchmarks.bench import API, CONNECTIONS, Bench, Result, always
from benchmarks.contest import compete, over_http
from benchmarks.goals import CHECK
from benchmarks.load.requests import request
from benchmarks.servers import application

_NO_CONTENT = 204


async def measure(bench: Bench) -> Result:
    """Check good tokens, one for each connection."""
    people = await bench.sign_in_many()
    checks = [
        always(request("GET", f"{API}/auth/check", token=person.access_token)) for person in people
    ]
    nothing = [always(request("GET", "/"))] * CONNECTIONS
    with application("empty", bench.cores.measured, bench.folder / "empty.log") as empty:
        contest = await compete(
            over_http(bench.server, checks, _NO_CONTENT),
            over_http(empty, nothing),
            rounds=bench.size.rounds,
            seconds=bench.size.seconds,
            progress=bench.progress,
        )
    return bench.result(CHECK, contest)
