"""Several processes on one directory, and processes that die."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from examples.json_store.store import open_store
from limen.adapters.system import SystemIds
from limen.core.errors import EmailTaken
from limen.core.users.model import Email
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_credential, a_user, an_event
from limen.testing.contracts.steps import keep, look
from limen.testing.crashes.storm import Plan, storm
from limen.testing.fakes import CountingIds
from limen.testing.races.contests import CONTESTS
from limen.testing.races.crowd import Crowd
from limen.testing.races.race import race

PROCESSES = 2
CALLERS = 40


@asynccontextmanager
async def open_json(folder: Path) -> AsyncIterator[UnitOfWorkFactory]:
    """Open the store as one of several processes does."""
    # What reaches the disk is nothing that a killed process can show.
    yield open_store(folder, SystemIds(), is_durable=False)


def test_what_several_processes_want_at_once_one_of_them_gets(tmp_path: Path) -> None:
    with Crowd(partial(open_json, tmp_path / "store"), processes=PROCESSES) as crowd:
        for contest in CONTESTS.values():
            (result,) = race(contest, crowd, rounds=1, callers=CALLERS)
            assert result.fault is None, contest.name
            assert (result.got_it, result.calls.kinds.total()) == (1, CALLERS)


def test_writers_that_are_killed_lose_nothing_and_leave_nothing_half_done(tmp_path: Path) -> None:
    plan = Plan(writes=40, answers=20, points=200, looks_every=2)
    report = storm(partial(open_json, tmp_path / "store"), tmp_path, plan)
    assert report.faults == []
    assert report.kills >= 4


class PowerCut(BaseException):
    """What a process that dies would do to the code that runs: nothing of it goes on."""


# A commit of three tables writes four files, each one put into its place by a rename.
@pytest.mark.parametrize("renames", range(5))
async def test_a_commit_that_is_cut_off_anywhere_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    path, ids = tmp_path / "store", CountingIds()
    present, user = a_user(), a_user()
    await keep(open_store(path, ids), present, a_credential(present.id), an_event(user.id))
    left = renames
    rename = Path.replace

    def cut_off(self: Path, target: Path) -> Any:
        nonlocal left
        if left == 0:
            raise PowerCut
        left -= 1
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut_off)
        dying = keep(open_store(path, ids), user, a_credential(user.id), an_event(user.id))
        if renames < 4:
            with pytest.raises(PowerCut):
                await dying
        else:
            await dying

    store = open_store(path, ids)
    is_there = await look(store, lambda view: view.users.find(user.email)) is not None
    assert is_there is (renames == 4)
    assert (await look(store, lambda v: v.passwords.find(user.id)) is not None) is is_there
    assert len(await look(store, lambda view: view.outbox.list())) == 1 + is_there
    await keep(store, a_user())
    assert sorted(os.listdir(path)) == sorted(expected_files(path))  # noqa: PTH208


def expected_files(path: Path) -> list[str]:
    """Return what a directory holds after a commit, when everything else was swept away."""
    return [*json.loads((path / "current.json").read_text()).values(), "current.json", "lock"]


async def test_a_second_opening_finds_what_the_first_one_left(tmp_path: Path) -> None:
    await keep(open_store(tmp_path / "store", CountingIds()), user := a_user())
    again = open_store(tmp_path / "store", CountingIds())
    assert await look(again, lambda view: view.users.find(user.email)) == user
    with pytest.raises(EmailTaken):
        await keep(again, a_user(email=Email.parse(user.email.address.upper()).address))
