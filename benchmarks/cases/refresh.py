"""Refreshing beside the barest rotation."""

from statistics import median

from benchmarks.bench import API, Bench, Result
from benchmarks.contest import compete, middle, over_http
from benchmarks.goals import REFRESH
from benchmarks.limits.process import limit
from benchmarks.load.requests import request
from benchmarks.load.speaker import Talk
from benchmarks.servers import application

_ROUNDS_ALONE = 3
_BEFORE = b'"refresh_token":"'


async def measure(bench: Bench) -> Result:
    """Exchange the token of each session again and again, as its owner would.

    The limit is one statement on the driver behind bare Litestar: it gets the same load and waits
    for the same disk. What the driver does without HTTP is told beside it.
    """
    talks = [refreshing(session.refresh_token) for session in await bench.sign_in_many()]
    others = [session.session_id for session in await bench.sign_in_many()]
    environment = {"BENCH_DATABASE_URL": bench.url, "BENCH_SESSIONS": " ".join(others)}
    log = bench.folder / "refreshing.log"
    with application("refreshing", bench.cores.measured, log, **environment) as bare:
        contest = await compete(
            over_http(bench.server, talks),
            over_http(bare, [refreshing(f"{session}.1") for session in others]),
            rounds=bench.size.rounds,
            seconds=bench.size.seconds,
            progress=bench.progress,
        )
    bench.progress("the driver alone")
    single, many = _alone(bench, others[:1]), _alone(bench, others)
    ratio = middle(contest.ours) / single
    notes = (
        f"the driver alone {single:,.0f} /s one after the other ({ratio:.2f})",
        f"{many:,.0f} /s {len(others)} at once",
    )
    return bench.result(REFRESH, contest, notes=notes)


def _alone(bench: Bench, sessions: list[str]) -> float:
    question = {"url": bench.url, "session_ids": sessions, "seconds": bench.size.seconds}
    with limit("rotation", bench.cores.measured) as rotation:
        return median(rotation.ask(**question)["figure"] for _ in range(_ROUNDS_ALONE))


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
