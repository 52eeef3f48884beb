"""Whoever reads why a test failed learns what was wrong, even of what never prints."""

from dataclasses import replace

import pytest

from limen.ports.mailer import Mail
from limen.testing import in_memory
from limen.testing.contracts.mailer import MailerContract
from limen.testing.fakes import MailBox


class ChangingMailBox(MailBox):
    """Changes the text on the way."""

    async def send(self, mail: Mail) -> None:
        """Put another mail into the box."""
        await super().send(replace(mail, text=mail.text.upper()))


async def test_of_a_mail_that_arrives_changed_one_reads_the_text() -> None:
    box, mail = ChangingMailBox(), Mail(to="ada@example.org", subject="Hi", text="one line\n")
    with pytest.raises(AssertionError, match="ONE LINE"):
        await MailerContract().test_mail_arrives_as_it_was_sent(box, lambda: box.mails, mail)


async def test_of_mail_that_did_not_come_one_reads_to_whom_there_is_some() -> None:
    limen = in_memory()
    with pytest.raises(AssertionError, match=r"no mail to bob@.*; there is mail to nobody"):
        await limen.read_mail("bob@example.org")
    await limen.register("ada@example.org")
    with pytest.raises(AssertionError, match=r"no mail to bob@.*to \['ada@example.org'\]"):
        await limen.read_mail("bob@example.org")
