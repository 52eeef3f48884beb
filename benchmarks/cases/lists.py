"""The last page of all users beside the first."""

import json
from typing import Any

from benchmarks.bench import API, Bench, Result, always
from benchmarks.contest import compete, over_http
from benchmarks.goals import LIST
from benchmarks.load.drive import ask, body_of
from benchmarks.load.requests import request
from benchmarks.stores import ADMINISTRATOR

_CONNECTIONS = 8
_PAGE = 50
_STRIDE = 200
_TOLD_EVERY = 50_000


async def measure(bench: Bench) -> Result:
    """Walk the whole list by cursor, then ask for its two ends."""
    token = (await bench.sign_in(ADMINISTRATOR)).access_token
    last = await _last_page(bench, token)
    contest = await compete(
        over_http(bench.server, [always(last)] * _CONNECTIONS),
        over_http(bench.server, [always(_page(token))] * _CONNECTIONS),
        rounds=bench.size.rounds,
        seconds=bench.size.seconds,
        progress=bench.progress,
    )
    return bench.result(LIST, contest)


async def _last_page(bench: Bench, token: str) -> bytes:
    """Return the request for the last full page, after seeing everybody exactly once."""
    seen: set[str] = set()
    ids: list[str] = []
    cursor: str | None = None
    cursors: list[str | None] = []
    while True:
        cursors.append(cursor)
        answer = await _listing(bench, _page(token, cursor, _STRIDE))
        ids = [user["id"] for user in answer["data"]]
        assert seen.isdisjoint(ids)
        seen.update(ids)
        if len(seen) % _TOLD_EVERY == 0:
            bench.progress(f"walked past {len(seen):,} people")
        cursor = answer["meta"]["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == bench.size.people
    return await _step_to_end(bench, token, cursors[-1])


async def _step_to_end(bench: Bench, token: str, cursor: str | None) -> bytes:
    """Go on by the page from the last stride, and return the last request that is full."""
    question = _page(token, cursor)
    while True:
        answer = await _listing(bench, question)
        cursor = answer["meta"]["next_cursor"]
        if cursor is None:
            assert len(answer["data"]) == _PAGE
            return question
        question = _page(token, cursor)


async def _listing(bench: Bench, question: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(body_of(await ask(bench.server.port, question)))
    return answer


def _page(token: str, cursor: str | None = None, limit: int = _PAGE) -> bytes:
    behind = f"&cursor={cursor}" if cursor else ""
    return request("GET", f"{API}/users?limit={limit}{behind}", token=token)
