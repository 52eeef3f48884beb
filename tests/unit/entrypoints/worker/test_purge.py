import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from limen.core.errors import StorageUnavailable
from limen.core.maintenance.service import Purged
from limen.entrypoints.worker import purge
from limen.entrypoints.worker.purge import purging
from tests.waiting import PATIENCE, until

SOON = timedelta(milliseconds=1)
NEVER = timedelta(days=1)


class Maintenance:
    """Counts purges instead of purging."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.purges = 0
        self.hangs = False

    async def purge(self, *, actor: object) -> Purged:
        assert "worker" in str(actor)
        self.purges += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.failures:
            raise self.failures.pop()
        return Purged(sessions=1, grants=5, throttles=2, attempts=3, events=4)


async def until_purged(maintenance: Maintenance, purges: int) -> None:
    await until(lambda: maintenance.purges >= purges)


async def test_it_purges_again_and_again_until_it_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    maintenance = Maintenance()
    with caplog.at_level(logging.INFO):
        async with purging(maintenance, every=SOON, first_after=SOON):  # type: ignore[arg-type]
            await until_purged(maintenance, 3)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert "'events': 4" in caplog.text


async def test_a_failure_is_logged_and_the_next_purge_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    maintenance = Maintenance(StorageUnavailable(), RuntimeError("a bug"))
    async with purging(maintenance, every=SOON, first_after=SOON):  # type: ignore[arg-type]
        await until_purged(maintenance, 3)
    assert "a bug" in caplog.text
    assert StorageUnavailable.sentence in caplog.text


async def test_a_purge_that_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    maintenance = Maintenance()
    maintenance.hangs = True
    async with purging(
        maintenance,  # type: ignore[arg-type]
        every=SOON,
        first_after=SOON,
        longest=timedelta(milliseconds=10),
    ):
        await until_purged(maintenance, 2)
    assert "it took too long" in caplog.text


async def test_leaving_does_not_wait_for_a_purge() -> None:
    maintenance = Maintenance()
    maintenance.hangs = True
    async with asyncio.timeout(PATIENCE):
        async with purging(maintenance, first_after=SOON):  # type: ignore[arg-type]
            await until_purged(maintenance, 1)


async def test_of_those_with_one_lock_one_purges_and_another_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "purge.lock"
    first, second = Maintenance(), Maintenance()
    looks: list[bool] = []
    alone = purge._alone

    @contextmanager
    def look(lock: Path | None) -> Iterator[bool]:
        with alone(lock) as is_alone:
            looks.append(is_alone)
            yield is_alone

    monkeypatch.setattr(purge, "_alone", look)
    async with purging(second, lock=lock, every=SOON, first_after=NEVER):  # type: ignore[arg-type]
        pass
    async with purging(first, lock=lock, every=NEVER, first_after=SOON):  # type: ignore[arg-type]
        await until_purged(first, 1)
        async with purging(second, lock=lock, every=SOON, first_after=SOON):  # type: ignore[arg-type]
            await until(lambda: len(looks) >= 4)
            assert looks == [True] + [False] * (len(looks) - 1)
            assert second.purges == 0
    async with purging(second, lock=lock, every=SOON, first_after=SOON):  # type: ignore[arg-type]
        await until_purged(second, 1)
    assert first.purges == 1


async def test_where_there_can_be_no_lock_it_purges_all_the_same(tmp_path: Path) -> None:
    maintenance = Maintenance()
    lock = tmp_path / "missing" / "purge.lock"
    async with purging(maintenance, lock=lock, first_after=SOON):  # type: ignore[arg-type]
        await until_purged(maintenance, 1)
