"""Mail that stays on this machine: a file for each message, and a line in the log."""

import asyncio
import logging
import os
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path
from typing import Final

from limen.core.errors import MailNotSent
from limen.core.users.model import Email
from limen.ports.clock import Clock
from limen.ports.ids import IdSource
from limen.ports.mailer import Mail, Mailer

_READABLE: Final = SMTPUTF8.clone(linesep="\n")

_log = logging.getLogger(__name__)


class LogMailer:
    """Writes each mail into a file that only this user can read, and logs where it is.

    For development, where nothing delivers mail. The log says neither what a mail holds nor to
    whom it goes.
    """

    def __init__(self, *, folder: Path, clock: Clock, ids: IdSource) -> None:
        """Keep the files in `folder`, which is made (mode 0700) when the first mail is sent."""
        self._folder = folder
        self._clock = clock
        self._ids = ids

    async def send(self, mail: Mail) -> None:
        """Return when the file is written; raise `MailNotSent` when it cannot be."""
        path = self._folder / f"{self._ids.new()}.eml"
        try:
            content = self._compose(mail).as_bytes()
            await asyncio.to_thread(_write, path, content)
        except (MessageError, OSError, ValueError) as error:
            raise MailNotSent from error
        _log.info("Mail is not delivered here; read it in %s", path)

    def _compose(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=_READABLE)
        message["To"] = _address(mail.to)
        message["Subject"] = mail.subject
        message["Date"] = self._clock.now()
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
        return message


def _address(text: str) -> Address:
    if Email.parse(text).address != text:
        raise ValueError("not an address as it is stored")
    local, _, domain = text.rpartition("@")
    # In two parts: as a whole it would have to be ASCII.
    return Address(username=local, domain=domain)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


_conforms: type[Mailer] = LogMailer
