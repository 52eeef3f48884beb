"""Who holds the lock, and that they always give it back."""

import asyncio
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from examples.json_store.directory import Directory, unlock
from examples.json_store.store import JsonUnitOfWorkFactory, open_store
from limen.core.errors import ConcurrentUpdate
from limen.testing.builders import a_user
from limen.testing.contracts.steps import keep, look
from limen.testing.fakes import CountingIds


@pytest.fixture
def store(tmp_path: Path) -> JsonUnitOfWorkFactory:
    return open_store(tmp_path / "store", CountingIds(), is_durable=False)


@pytest.fixture
def hasty(tmp_path: Path) -> Directory:
    """Look at the lock twice and give up."""
    return Directory(tmp_path / "store", patience=0.004)


async def assert_free(directory: Directory) -> None:
    unlock(await directory.lock())


async def test_whoever_waits_too_long_for_the_lock_gives_up(
    store: JsonUnitOfWorkFactory, hasty: Directory
) -> None:
    async with store() as uow:
        await uow.keys.lock()
        with pytest.raises(ConcurrentUpdate):
            await keep(JsonUnitOfWorkFactory(hasty, CountingIds()), a_user())
    await assert_free(hasty)


async def test_a_store_can_be_opened_while_somebody_changes_it(
    store: JsonUnitOfWorkFactory, tmp_path: Path
) -> None:
    user = a_user()
    async with store() as uow:
        await uow.users.add(user)
        again = open_store(tmp_path / "store", CountingIds(), is_durable=False)
        await uow.commit()
    assert await look(again, lambda view: view.users.find(user.email)) == user


async def test_whoever_waits_too_long_to_begin_a_store_gives_up(
    hasty: Directory, tmp_path: Path
) -> None:
    hasty.create({"roles": {}})
    lock = await hasty.lock()
    (tmp_path / "store" / "current.json").unlink()
    with pytest.raises(ConcurrentUpdate):
        hasty.create({"roles": {}})
    unlock(lock)
    hasty.create({"roles": {}})
    assert hasty.load() == {"roles": {}}


@pytest.mark.usefixtures("store")
async def test_a_child_that_was_forked_amid_a_change_does_not_keep_the_lock(
    hasty: Directory,
) -> None:
    lock = await hasty.lock()
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[lock])  # noqa: S607, ASYNC220
    with child:
        unlock(lock)
        await assert_free(hasty)


async def test_a_commit_that_no_thread_takes_on_gives_the_lock_back(
    store: JsonUnitOfWorkFactory, hasty: Directory
) -> None:
    async with store() as uow:
        await uow.users.add(a_user())
        await asyncio.get_running_loop().shutdown_default_executor()
        with pytest.raises(RuntimeError, match="shutdown"):
            await uow.commit()
    await assert_free(hasty)


async def test_a_commit_whose_caller_is_cancelled_is_done_before_anybody_else_comes(
    store: JsonUnitOfWorkFactory, hasty: Directory, tmp_path: Path
) -> None:
    user, is_blocked = a_user(), threading.Event()
    with ThreadPoolExecutor(1) as executor:
        async with store() as uow:
            await uow.users.add(user)
            asyncio.get_running_loop().set_default_executor(executor)
            executor.submit(is_blocked.wait)
            commit = asyncio.ensure_future(uow.commit())
            await asyncio.sleep(0)
            commit.cancel()
            with pytest.raises(asyncio.CancelledError):
                await commit
        with pytest.raises(ConcurrentUpdate):
            await hasty.lock()
        is_blocked.set()
        await assert_free(Directory(tmp_path / "store"))
        assert await look(store, lambda view: view.users.find(user.email)) == user


@pytest.mark.parametrize("moments", range(12))
async def test_whoever_is_cancelled_wherever_they_are_leaves_no_lock_behind(
    store: JsonUnitOfWorkFactory, tmp_path: Path, moments: int
) -> None:
    change = asyncio.ensure_future(keep(store, a_user()))
    for _ in range(moments):
        await asyncio.sleep(0)
    change.cancel()
    with suppress(asyncio.CancelledError):
        await change
    await assert_free(Directory(tmp_path / "store"))


async def test_whoever_is_cancelled_waiting_for_the_lock_does_not_get_it_later(
    store: JsonUnitOfWorkFactory, hasty: Directory
) -> None:
    async with store() as uow:
        await uow.keys.lock()
        waiting = asyncio.ensure_future(keep(store, a_user()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await assert_free(hasty)
