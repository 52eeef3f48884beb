"""Purging beside the server."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from limen.entrypoints.worker.purge import RHYTHM, purging
from limen.testing.assembly import Assembly
from tests.waiting import until

AT_ONCE = replace(RHYTHM, first_after=timedelta(0))


async def test_it_purges_and_says_what(caplog: pytest.LogCaptureFixture) -> None:
    limen = Assembly()
    await limen.register()
    limen.clock.advance(timedelta(days=365))
    with caplog.at_level(logging.INFO):
        async with purging(limen.maintenance, rhythm=AT_ONCE):
            await until(lambda: "Purged" in caplog.text)
    assert "'events': 2" in caplog.text
    assert await limen.event_names() == []
