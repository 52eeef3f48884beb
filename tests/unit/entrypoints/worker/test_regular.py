"""Work that comes again and again beside the server."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from limen.core.errors import StorageUnavailable
from limen.entrypoints.worker import regular
from limen.entrypoints.worker.regular import Rhythm, regularly
from tests.waiting import PATIENCE, until

SOON = timedelta(milliseconds=1)
NEVER = timedelta(days=1)
ALWAYS = Rhythm(first_after=SOON, every=SOON, after_failure=SOON, longest=NEVER)


class Work:
    """Counts how often it is done."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.count = 0
        self.hangs = False

    async def do(self) -> None:
        self.count += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.failures:
            raise self.failures.pop()

    def regularly(
        self, rhythm: Rhythm = ALWAYS, lock: Path | None = None
    ) -> AbstractAsyncContextManager[None]:
        return regularly("work", self.do, rhythm, lock)

    async def until_done(self, times: int) -> None:
        await until(lambda: self.count >= times)


async def test_it_is_done_again_and_again_until_it_is_left() -> None:
    work = Work()
    async with work.regularly():
        await work.until_done(3)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_failure_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(StorageUnavailable(), RuntimeError("a bug"))
    async with work.regularly():
        await work.until_done(3)
    assert "The work failed" in caplog.text
    assert "a bug" in caplog.text
    assert f"The work did not end: {StorageUnavailable.sentence}" in caplog.text


async def test_after_a_failure_it_waits_in_its_own_way() -> None:
    work = Work(RuntimeError("a bug"))
    async with work.regularly(replace(ALWAYS, every=NEVER)):
        await work.until_done(2)
    assert work.count == 2


async def test_what_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.hangs = True
    async with work.regularly(replace(ALWAYS, longest=timedelta(milliseconds=10))):
        await work.until_done(2)
    assert "it took too long" in caplog.text


async def test_leaving_does_not_wait_for_it() -> None:
    work = Work()
    work.hangs = True
    async with asyncio.timeout(PATIENCE):
        async with work.regularly():
            await work.until_done(1)


async def test_of_those_with_one_lock_one_works_and_another_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "work.lock"
    first, second = Work(), Work()
    looks: list[bool] = []
    alone = regular._alone

    @contextmanager
    def look(lock: Path | None) -> Iterator[bool]:
        with alone(lock) as is_alone:
            looks.append(is_alone)
            yield is_alone

    monkeypatch.setattr(regular, "_alone", look)
    async with first.regularly(replace(ALWAYS, every=NEVER), lock):
        await first.until_done(1)
        async with second.regularly(ALWAYS, lock):
            await until(lambda: len(looks) >= 4)
            assert looks == [True] + [False] * (len(looks) - 1)
            assert second.count == 0
    async with second.regularly(ALWAYS, lock):
        await second.until_done(1)
    assert first.count == 1


async def test_where_there_can_be_no_lock_it_is_done_all_the_same(tmp_path: Path) -> None:
    work = Work()
    async with work.regularly(ALWAYS, tmp_path / "missing" / "work.lock"):
        await work.until_done(1)
