"""Refreshing beside the barest rotation on the driver."""

from benchmarks.bench import API, Bench, Result
from benchmarks.contest import by_limit, compete, over_http
from benchmarks.goals import REFRESH
from benchmarks.limits.process import limit
from benchmarks.load.requests import request
from benchmarks.load.speaker import Talk

_BEFORE = b'"refresh_token":"'


async def measure(bench: Bench) -> Result:
    """Exchange the token of each session again and again, as its owner would."""
    sessions = await bench.sign_in_many()
    others = await bench.sign_in_many()
    with limit("rotation", bench.cores.measured) as rotation:
        contest = await compete(
            over_http(bench.server, [refreshing(session.refresh_token) for session in sessions]),
            by_limit(rotation, url=bench.url, session_ids=[other.session_id for other in others]),
            rounds=bench.size.rounds,
            seconds=bench.size.seconds,
            progress=bench.progress,
        )
    return bench.result(REFRESH, contest)


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
