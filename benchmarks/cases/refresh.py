"""Refreshing beside the barest rotation on the driver."""

from collections.abc import Sequence

from benchmarks.bench import API, Bench, Result
from benchmarks.contest import Contest, by_limit, compete, middle, over_http
from benchmarks.goals import REFRESH
from benchmarks.limits.process import limit
from benchmarks.load.requests import request
from benchmarks.load.speaker import Talk
from benchmarks.servers import application

_ROUNDS_BESIDE = 3
_BEFORE = b'"refresh_token":"'


async def measure(bench: Bench) -> Result:
    """Exchange the token of each session again and again, as its owner would.

    The limit is that of the design's table: one rotation after the other, on one connection.
    Beside it is told how many the driver does at once, and how limen stands to the same rotation
    behind bare Litestar, which waits for the disk as limen does.
    """
    talks = [refreshing(session.refresh_token) for session in await bench.sign_in_many()]
    others = [session.session_id for session in await bench.sign_in_many()]
    with limit("rotation", bench.cores.measured) as rotation:
        contest = await compete(
            over_http(bench.server, talks),
            by_limit(rotation, url=bench.url, session_ids=others[:1]),
            rounds=bench.size.rounds,
            seconds=bench.size.seconds,
            progress=bench.progress,
        )
        many = rotation.ask(seconds=bench.size.seconds, url=bench.url, session_ids=others)["figure"]
    behind = await _beside_litestar(bench, talks, others)
    notes = (
        f"{len(others)} at once on the driver: {many:,.0f} /s",
        (
            f"beside the same behind bare Litestar, {middle(behind.theirs):,.0f} /s: "
            f"{behind.ratio:.2f}"
        ),
    )
    return bench.result(REFRESH, contest, notes=notes)


async def _beside_litestar(bench: Bench, talks: Sequence[Talk], sessions: list[str]) -> Contest:
    environment = {"BENCH_DATABASE_URL": bench.url, "BENCH_SESSIONS": " ".join(sessions)}
    log = bench.folder / "refreshing.log"
    with application("refreshing", bench.cores.measured, log, **environment) as bare:
        return await compete(
            over_http(bench.server, talks),
            over_http(bare, [refreshing(f"{session}.1") for session in sessions]),
            rounds=_ROUNDS_BESIDE,
            seconds=bench.size.seconds,
            progress=bench.progress,
        )


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
