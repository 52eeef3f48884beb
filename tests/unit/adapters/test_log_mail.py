import logging
import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from limen.adapters.log_mail import LogMailer
from limen.core.errors import MailNotSent
from limen.ports.mailer import Mail
from limen.testing.fakes import NOON, CountingIds, FrozenClock

MAIL = Mail(
    to="ada@example.org", subject="Grüße", text="The code is 4711.", html="<b>The code is 4711.</b>"
)


def mailer(folder: Path) -> LogMailer:
    return LogMailer(folder=folder, clock=FrozenClock(), ids=CountingIds())


async def test_a_mail_is_written_where_only_its_owner_reads_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "var" / "mail"
    with caplog.at_level(logging.INFO):
        await mailer(folder).send(MAIL)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert (message["To"], message["Subject"]) == ("ada@example.org", "Grüße")
    assert message["Date"].datetime == NOON
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content() == "The code is 4711.\n"
    assert str(file) in caplog.text


async def test_the_log_says_nothing_of_its_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await mailer(tmp_path).send(MAIL)
    assert not any(word in caplog.text for word in ("4711", "Grüße", "ada@"))


@pytest.mark.parametrize(
    "mail",
    [
        Mail(to="", subject="Hello", text="x"),
        Mail(to="@example.org", subject="Hello", text="x"),
        Mail(to="a b@example.org", subject="Hello", text="x"),
        Mail(to="(@example.org", subject="Hello", text="x"),
        Mail(to="ada@[", subject="Hello", text="x"),
        Mail(to="ada@example.org, eve@example.org", subject="Hello", text="x"),
        Mail(to="ada@example.org\nBcc: eve@example.org", subject="Hello", text="x"),
        Mail(to="ada@example.org", subject="Hello\nBcc: eve@example.org", text="x"),
        Mail(to="nobody", subject="Hello", text="x"),
    ],
)
async def test_a_mail_that_is_none_is_refused(tmp_path: Path, mail: Mail) -> None:
    with pytest.raises(MailNotSent):
        await mailer(tmp_path / "mail").send(mail)
    assert not (tmp_path / "mail").exists()


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    taken = tmp_path / "mail"
    taken.write_text("a file")
    with pytest.raises(MailNotSent):
        await mailer(taken).send(MAIL)
