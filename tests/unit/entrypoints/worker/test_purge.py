import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from limen.core.errors import StorageUnavailable
from limen.core.maintenance.service import Purged
from limen.entrypoints.worker.purge import purging

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


async def until(maintenance: Maintenance, purges: int) -> None:
    async with asyncio.timeout(5):
        while maintenance.purges < purges:  # noqa: ASYNC110 - a fake stays simple
            await asyncio.sleep(0.001)


async def test_it_purges_again_and_again_until_it_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    maintenance = Maintenance()
    with caplog.at_level(logging.INFO):
        async with purging(maintenance, every=SOON, first_after=SOON):  # type: ignore[arg-type]
            await until(maintenance, 3)
    done = maintenance.purges
    await asyncio.sleep(0.02)
    assert maintenance.purges == done
    assert "'events': 4" in caplog.text


async def test_a_failure_is_logged_and_the_next_purge_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    maintenance = Maintenance(StorageUnavailable(), RuntimeError("a bug"))
    async with purging(maintenance, every=SOON, first_after=SOON):  # type: ignore[arg-type]
        await until(maintenance, 3)
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
        await until(maintenance, 2)
    assert "it took too long" in caplog.text


async def test_leaving_does_not_wait_for_a_purge() -> None:
    maintenance = Maintenance()
    maintenance.hangs = True
    async with asyncio.timeout(1):
        async with purging(maintenance, first_after=SOON):  # type: ignore[arg-type]
            await until(maintenance, 1)


async def test_of_those_with_one_lock_one_purges_and_another_takes_over(tmp_path: Path) -> None:
    lock = tmp_path / "purge.lock"
    first, second = Maintenance(), Maintenance()
    async with purging(second, lock=lock, every=SOON, first_after=NEVER):  # type: ignore[arg-type]
        pass
    async with purging(first, lock=lock, every=NEVER, first_after=SOON):  # type: ignore[arg-type]
        await until(first, 1)
        async with purging(second, lock=lock, every=SOON, first_after=SOON):  # type: ignore[arg-type]
            await asyncio.sleep(0.05)
            assert second.purges == 0
    async with purging(second, lock=lock, every=SOON, first_after=SOON):  # type: ignore[arg-type]
        await until(second, 1)
    assert first.purges == 1


async def test_where_there_can_be_no_lock_it_purges_all_the_same(tmp_path: Path) -> None:
    maintenance = Maintenance()
    lock = tmp_path / "missing" / "purge.lock"
    async with purging(maintenance, lock=lock, first_after=SOON):  # type: ignore[arg-type]
        await until(maintenance, 1)
