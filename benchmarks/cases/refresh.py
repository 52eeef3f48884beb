"""Refreshing beside the barest rotation on the driver."""

from benchmarks.bench import API, Bench, Result
from benchmarks.contest import by_limit, compete, over_http
from benchmarks.goals import REFRESH
from benchmarks.limits.process import limit
from benchmarks.load.requests import request
from benchmarks.load.speaker import Talk

_BEFORE = b'"refresh_token":"'


async def measure(bench: Bench) -> Result:
    """Exchange the token of each session again and again, as its owner would.

    The limit is that of the design's table: one rotation after the other, on one connection. How
    many the driver does at once is told beside it.
    """
    sessions = await bench.sign_in_many()
    others = [session.session_id for session in await bench.sign_in_many()]
    with limit("rotation", bench.cores.measured) as rotation:
        contest = await compete(
            over_http(bench.server, [refreshing(session.refresh_token) for session in sessions]),
            by_limit(rotation, url=bench.url, session_ids=others[:1]),
            rounds=bench.size.rounds,
            seconds=bench.size.seconds,
            progress=bench.progress,
        )
        many = rotation.ask(seconds=bench.size.seconds, url=bench.url, session_ids=others)["figure"]
    note = f"{len(others)} at once on the driver: {many:,.0f} /s"
    return bench.result(REFRESH, contest, notes=(note,))


def refreshing(token: str) -> Talk:
    """Return a talk that presents the token that came last."""
    latest = token

    def talk(answer: bytes | None) -> bytes:
        nonlocal latest
        if answer is not None:
            latest = _token_in(answer)
        return request("POST", f"{API}/auth/refresh", body={"refresh_token": latest})

    return talk


def _token_in(answer: bytes) -> str:
    begin = answer.index(_BEFORE) + len(_BEFORE)
    return answer[begin : answer.index(b'"', begin)].decode()
