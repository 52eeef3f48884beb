"""Sending messages beside the server."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from limen.core.messages.model import MessageState
from limen.core.page import ListQuery
from limen.entrypoints.worker.delivery import RHYTHM, delivering
from limen.ports.mailer import Mail
from limen.testing.assembly import OPERATOR, Assembly
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


async def test_leaving_waits_for_the_message_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    limen = Assembly()
    for name in ("ada", "eve"):
        await limen.register(f"{name}@example.org")
    send, is_sending, may_go_on = limen.mail.send, asyncio.Event(), asyncio.Event()

    async def take_long(mail: Mail) -> None:
        is_sending.set()
        await may_go_on.wait()
        await send(mail)

    monkeypatch.setattr(limen.mail, "send", take_long)

    async def stop_meanwhile() -> None:
        async with delivering(limen.delivery, rhythm=AT_ONCE):
            await is_sending.wait()

    stopping = asyncio.create_task(stop_meanwhile())
    await is_sending.wait()
    may_go_on.set()
    await stopping
    listed = await limen.messages.list(ListQuery(filters={}), actor=OPERATOR)
    states = sorted(message.state for message in listed.items)
    assert states == [MessageState.SENT, MessageState.WAITING]
    limen.clock.advance(timedelta(days=1))
    await limen.delivery.deliver()
    assert sorted(mail.to for mail in limen.mail.mails) == ["ada@example.org", "eve@example.org"]


async def test_what_nobody_foresaw_is_told_without_what_was_to_be_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limen = Assembly()
    await limen.register()

    async def stumble(mail: Mail) -> None:
        raise TypeError(mail.text)

    monkeypatch.setattr(limen.mail, "send", stumble)
    async with delivering(limen.delivery, rhythm=AT_ONCE):
        await until(lambda: "is broken: TypeError" in caplog.text)
    listed = await limen.messages.list(ListQuery(filters={}), actor=OPERATOR)
    assert str(listed.items[0].id) in caplog.text
    assert "in stumble" in caplog.text
    assert "https://app.example.org" not in caplog.text
