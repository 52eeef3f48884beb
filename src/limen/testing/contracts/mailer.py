"""What `limen.ports.mailer.Mailer` promises."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from limen.core.errors import MailNotSent, MailUnreachable
from limen.ports.mailer import Mail, Mailer
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same

Inbox: TypeAlias = Callable[[], Sequence[Mail]]


class MailerContract(Contract):
    """Mail that is accepted. Fixtures: `mailer`, and `inbox`: a call for the `Mail` in it."""

    @pytest.mark.parametrize(
        "mail",
        [
            Mail(to="ada@example.org", subject="Hello", text="One line.\n"),
            Mail(to="ada@example.org", subject="Hi", text="Text.\n", html="<p>Text.</p>\n"),
            Mail(to="ada@example.org", subject="Grüße, 日本 🜁", text="Zoë\n日本\n"),
            Mail(to="ada@example.org", subject="Long " * 40 + "end", text="long " * 400 + "\n"),
            Mail(to="ada@example.org", subject="Dots", text=".\n..\nFrom here\n\n.end\n"),
            Mail(to="o'neil+tag@sub.example.org", subject="Odd address", text="Text.\n"),
            Mail(to="zoë.日本@example.org", subject="Zoë", text="Text.\n"),
        ],
        ids=["plain", "html", "unicode", "long", "dots", "odd", "beyond ASCII"],
    )
    async def test_mail_arrives_as_it_was_sent(
        self, mailer: Mailer, inbox: Inbox, mail: Mail
    ) -> None:
        await mailer.send(mail)
        assert_same(list(inbox()), [mail])

    async def test_mails_sent_at_once_all_arrive(self, mailer: Mailer, inbox: Inbox) -> None:
        mails = [Mail(to=f"u{n}@example.org", subject=f"{n}", text=f"{n}\n") for n in range(20)]
        await asyncio.gather(*map(mailer.send, mails))
        assert sorted(mail.to for mail in inbox()) == sorted(mail.to for mail in mails)

    @pytest.mark.parametrize(
        ("to", "subject"),
        [
            ("ada@example.org", "Hello\nBcc: eve@example.org"),
            ("ada@example.org", "Hello\r\n\r\nanother body"),
            ("ada@example.org\nBcc: eve@example.org", "Hello"),
            ("ada@example.org, eve@example.org", "Hello"),
            ("nobody", "Hello"),
            ("", "Hello"),
        ],
    )
    async def test_send_raises_mail_not_sent_for_what_would_go_elsewhere(
        self, mailer: Mailer, inbox: Inbox, to: str, subject: str
    ) -> None:
        with pytest.raises(MailNotSent):
            await mailer.send(Mail(to=to, subject=subject, text="Text.\n"))
        assert list(inbox()) == []


class RefusedMailContract(Contract):
    """Mail that is not accepted. Fixture: `mailer`, whose deliverer is out or refuses."""

    async def test_send_raises_mail_not_sent_when_mail_was_not_accepted(
        self, mailer: Mailer
    ) -> None:
        with pytest.raises(MailNotSent):
            await mailer.send(Mail(to="ada@example.org", subject="Hello", text="Text.\n"))


class UnreachableMailContract(Contract):
    """Mail that can never be accepted. Fixture: `mailer`, whose deliverer reads only ASCII."""

    async def test_send_raises_mail_unreachable_where_no_other_try_can_change_that(
        self, mailer: Mailer
    ) -> None:
        with pytest.raises(MailUnreachable):
            await mailer.send(Mail(to="zoë@example.org", subject="Hello", text="Text.\n"))
