"""Several processes on one directory, and processes that die."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from examples.json_store.store import open_store
from limen.core.errors import EmailTaken
from limen.core.ids import UserId
from limen.core.users.model import Email
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_credential, a_user, an_event
from limen.testing.contracts.steps import keep, look
from limen.testing.fakes import NOON, CountingIds

ROOT = Path(__file__).parents[2]

# Each child takes every address of a list that is still free, and tells which ones it got.
TAKER = """
import asyncio, json, sys
from datetime import timedelta
from pathlib import Path
from examples.json_store.store import open_store
from limen.core.errors import EmailTaken
from limen.core.ids import UserId
from limen.testing.builders import a_user
from limen.testing.contracts.steps import keep
from limen.testing.fakes import NOON, CountingIds

async def take(folder, number):
    ids = CountingIds(NOON + timedelta(days=number))
    store = open_store(Path(folder), ids, is_durable=False)
    print("ready", flush=True)
    sys.stdin.readline()
    got = []
    for n in range(40):
        try:
            await keep(store, a_user(user_id=UserId(ids.new()), email=f"user{n}@example.org"))
            got.append(n)
        except EmailTaken:
            pass
    print(json.dumps(got), flush=True)

asyncio.run(take(sys.argv[1], int(sys.argv[2])))
"""

# Tells every address once its commit has returned, and goes on until it is killed.
WRITER = """
import asyncio, sys
from pathlib import Path
from examples.json_store.store import open_store
from limen.testing.builders import a_credential, a_user, an_event
from limen.testing.contracts.steps import keep
from limen.testing.fakes import CountingIds

async def write(folder):
    store = open_store(Path(folder), CountingIds(), is_durable=False)
    while True:
        user = a_user()
        await keep(store, user, a_credential(user.id), an_event(user.id))
        print(user.email, flush=True)

asyncio.run(write(sys.argv[1]))
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def output(child: subprocess.Popen[str]) -> IO[str]:
    assert child.stdout is not None
    return child.stdout


def told(child: subprocess.Popen[str]) -> str:
    return output(child).readline().strip()


def test_what_several_processes_want_at_once_one_of_them_gets(tmp_path: Path) -> None:
    children = [start(TAKER, tmp_path / "store", number) for number in range(3)]
    try:
        assert [told(child) for child in children] == ["ready"] * 3
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        got = [json.loads(told(child)) for child in children]
    finally:
        for child in children:
            child.kill()
            child.communicate()
    assert sorted(number for numbers in got for number in numbers) == list(range(40))


async def everybody(store: UnitOfWorkFactory) -> dict[str, bool]:
    """Return the address of each user, and whether they have a password and an event."""
    accounts = await look(store, lambda view: view.accounts.list())
    events = await look(store, lambda view: view.outbox.list(limit=1000))
    told_of = {event.user_id for event in events}
    assert len(events) == len(accounts)
    return {
        account.user.email.address: account.credential is not None and account.user.id in told_of
        for account in accounts
    }


@pytest.mark.parametrize("acknowledged", [1, 8, 25])
async def test_a_killed_writer_loses_nothing_it_acknowledged_and_leaves_nothing_half_done(
    tmp_path: Path, acknowledged: int
) -> None:
    with start(WRITER, tmp_path / "store") as child:
        try:
            kept = [told(child) for _ in range(acknowledged)]
        finally:
            child.kill()
        # It may have told more before the blow fell.
        kept += output(child).read().split()
    store = open_store(tmp_path / "store", CountingIds(), is_durable=False)
    found = await everybody(store)
    assert set(kept) <= set(found)
    assert len(found) - len(kept) <= 1
    assert all(found.values())
    next_id = UserId(CountingIds(NOON + timedelta(days=1)).new())
    await keep(store, user := a_user(user_id=next_id, email="next@example.org"))
    assert (await look(store, lambda view: view.users.find(user.email))) == user


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
