"""What one can have, asked for by several processes at once; `./dev race` does it at length."""

import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import PASSWORD, Assembly
from limen.testing.fakes import CountingIds
from limen.testing.people import registered
from limen.testing.races.contests import (
    CONTESTS,
    REGISTRATION,
    ROTATION,
    Calls,
    Contest,
    Prize,
)
from limen.testing.races.crowd import Crowd, CrowdFailed
from limen.testing.races.race import race
from tests.integration.concurrency.careless_store import open_careless
from tests.integration.concurrency.race import open_sql

PROCESSES = 2
CALLERS = 40
ROUNDS = 40


def open_nothing() -> AbstractAsyncContextManager[UnitOfWorkFactory]:
    """Fail as a store does that is not there."""
    raise ConnectionRefusedError("nowhere")


@asynccontextmanager
async def open_once(folder: Path) -> AsyncIterator[UnitOfWorkFactory]:
    """Open a store that has room for one process."""
    (folder / "taken").touch(exist_ok=False)
    yield MemoryUnitOfWorkFactory(MemoryStore(), CountingIds())


# --- a contest of one's own: its functions belong to a module, as the store does ------------------


async def think_of_a_username(_limen: Assembly, round_: int) -> Prize:
    return {"username": f"countess{round_}"}


async def take_it(limen: Assembly, prize: Prize, number: int) -> str:
    email = f"{prize['username']}-{number}@example.org"
    made = await limen.users.register(email=email, password=PASSWORD, username=prize["username"])
    return str(registered(made).id)


async def count_countesses(limen: Assembly, prize: Prize) -> int:
    async with limen.unit_of_work.view() as view:
        accounts = await view.accounts.list(limit=100_000)
    names = [a.user.username.name for a in accounts if a.user.username is not None]
    return names.count(prize["username"])


USERNAME = Contest(
    name="username",
    prepare=think_of_a_username,
    call=take_it,
    count=count_countesses,
    winner="str",
    losers=frozenset({"UsernameTaken"}),
)


def test_a_contest_of_ones_own_is_raced(sqlite_url: str) -> None:
    with Crowd(partial(open_sql, sqlite_url), processes=PROCESSES) as crowd:
        (result,) = race(USERNAME, crowd, rounds=1, callers=CALLERS)
    assert result.fault is None
    assert (result.got_it, result.calls.kinds["UsernameTaken"]) == (1, CALLERS - 1)


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_of_many_callers_in_several_processes_one_gets_it(
    database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(database)
    with Crowd(partial(open_sql, url), processes=PROCESSES) as crowd:
        for contest in CONTESTS.values():
            (result,) = race(contest, crowd, rounds=1, callers=CALLERS)
            assert result.fault is None, contest.name
            assert (result.got_it, result.calls.kinds.total()) == (1, CALLERS)


def test_a_write_whose_outcome_nobody_looks_at_is_caught(sqlite_url: str) -> None:
    with Crowd(partial(open_careless, sqlite_url), processes=PROCESSES) as crowd:
        results = race(ROTATION, crowd, rounds=ROUNDS, callers=CALLERS)
        # Mostly the first one; what is put in on purpose shows sooner or later.
        assert any("got what one can have" in (result.fault or "") for result in results)


def test_a_process_that_fails_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CrowdFailed, match="it ended with 1"), Crowd(open_nothing, processes=1):
        pass
    assert "ConnectionRefusedError: nowhere" in capfd.readouterr().err


def test_when_one_process_fails_the_others_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = set(multiprocessing.active_children())
    crowd = Crowd(partial(open_once, tmp_path), processes=PROCESSES)
    with pytest.raises(CrowdFailed, match="it ended with 1"), crowd:
        pass
    assert set(multiprocessing.active_children()) <= before
    assert "FileExistsError" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("kinds", "answers", "got_it", "fault"),
    [
        ({"str": 1, "EmailTaken": 9}, {"id"}, 1, None),
        ({"str": 1, "EmailTaken": 8, "StorageUnavailable": 1}, {"id"}, 1, None),
        # The answer to the winner's commit was lost.
        ({"EmailTaken": 9, "StorageUnavailable": 1}, set(), 1, None),
        ({"str": 1, "EmailTaken": 8, "ConcurrentUpdate": 1}, {"id"}, 1, None),
        # Whoever must try again has changed nothing.
        ({"EmailTaken": 9, "ConcurrentUpdate": 1}, set(), 1, "0 were told that they got it"),
        ({"str": 1, "EmailTaken": 9}, {"id"}, 2, "2 got what one can have"),
        ({"EmailTaken": 10}, set(), 0, "0 got what one can have"),
        ({"EmailTaken": 10}, set(), 1, "0 were told that they got it"),
        ({"str": 2, "EmailTaken": 8}, {"id", "other"}, 1, "2 were told that they got it"),
        ({"str": 1, "UserNotFound": 9}, {"id"}, 1, "calls ended with UserNotFound"),
    ],
)
def test_a_round_is_judged_by_state_and_answers(
    kinds: dict[str, int], answers: set[str], got_it: int, fault: str | None
) -> None:
    calls = Calls(kinds=Counter(kinds), answers=frozenset(answers))
    assert REGISTRATION.fault(calls, got_it) == fault


def test_different_successors_of_one_token_are_a_fork() -> None:
    calls = Calls(kinds=Counter({"str": 2}), answers=frozenset({"one", "other"}))
    assert ROTATION.fault(calls, 1) == "there are 2 different answers"
