"""Sending messages beside the server."""

from dataclasses import replace
from datetime import timedelta

import pytest

from limen.entrypoints.worker.delivery import RHYTHM, delivering
from limen.testing.assembly import Assembly
from tests.waiting import until

AT_ONCE = replace(RHYTHM, first_after=timedelta(0), every=timedelta(0))


async def test_it_sends_what_is_posted_meanwhile() -> None:
    limen = Assembly()
    async with delivering(limen.delivery, rhythm=AT_ONCE):
        await limen.register()
        await until(lambda: limen.mail.mails)
    assert limen.mail.mails[0].to == "ada@example.org"


async def test_it_says_when_mail_cannot_be_sent(caplog: pytest.LogCaptureFixture) -> None:
    limen = Assembly()
    limen.mail.is_out = True
    await limen.register()
    async with delivering(limen.delivery, rhythm=AT_ONCE):
        await until(lambda: "1 messages could not be sent" in caplog.text)
