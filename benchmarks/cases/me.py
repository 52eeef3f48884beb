"""Who am I, beside the same by Litestar and the driver alone."""

from collections.abc import Mapping, Sequence

from benchmarks.bench import API, Bench, Result, always
from benchmarks.contest import Contest, compete, over_http
from benchmarks.goals import ME
from benchmarks.load.drive import ask, body_of
from benchmarks.load.requests import request
from benchmarks.load.speaker import Talk
from benchmarks.servers import application


async def measure(bench: Bench) -> Result:
    """Ask as several people at once; the bare stub gets the very same requests."""
    people = await bench.sign_in_many()
    talks = [always(request("GET", f"{API}/me", token=person.access_token)) for person in people]
    keys = body_of(await ask(bench.server.port, request("GET", "/.well-known/jwks.json")))
    environment = {
        "BENCH_DATABASE_URL": bench.url,
        "BENCH_ISSUER": f"http://127.0.0.1:{bench.server.port}",
        "BENCH_JWKS": keys.decode(),
    }
    contest = await _beside(bench, talks, environment, bench.size.rounds)
    believing = await _beside(bench, talks, {**environment, "BENCH_BELIEVES": "yes"}, rounds=2)
    note = f"beside a stub that believes any token: {believing.ratio:.2f}"
    return bench.result(ME, contest, notes=(note,))


async def _beside(
    bench: Bench, talks: Sequence[Talk], environment: Mapping[str, str], rounds: int
) -> Contest:
    log = bench.folder / "whoami.log"
    with application("whoami", bench.cores.measured, log, **environment) as bare:
        return await compete(
            over_http(bench.server, talks),
            over_http(bare, talks),
            rounds=rounds,
            seconds=bench.size.seconds,
            progress=bench.progress,
        )
