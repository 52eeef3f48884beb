"""Mail by SMTP (RFC 5321, RFC 3207, RFC 8314)."""

import asyncio
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from enum import StrEnum
from typing import Final

import aiosmtplib

from limen.core.errors import MailNotSent, MailUnreachable
from limen.core.secret import Secret
from limen.core.users.model import Email
from limen.ports.clock import Clock
from limen.ports.ids import IdSource
from limen.ports.mailer import Mail, Mailer

# For each answer, and for the whole mail.
_TIMEOUT_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 60.0


class SmtpSecurity(StrEnum):
    """How the connection is protected: from its start, after STARTTLS, or not at all."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The server that takes mail, and how to speak to it."""

    host: str
    port: int
    security: SmtpSecurity
    username: str | None = None
    password: Secret[str] | None = None


class SmtpMailer:
    """Hands mail to one SMTP server, a connection for each.

    Certificates are checked against the system's authorities and the server's name; where TLS is
    asked for, nothing goes out without it. A server that does not answer within 15 seconds, or
    takes more than a minute for the whole, has not taken the mail. Letters beyond ASCII before the
    `@` need a server with SMTPUTF8 (RFC 6531).
    """

    def __init__(
        self,
        *,
        server: SmtpServer,
        sender: str,
        clock: Clock,
        ids: IdSource,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Send as the address `sender`; `tls` overrides whom to trust."""
        self._server = server
        self._sender = sender
        self._clock = clock
        self._ids = ids
        self._tls = tls or ssl.create_default_context()

    async def send(self, mail: Mail) -> None:
        """Return when the server took the mail; raise `MailNotSent` when it did not.

        Raises `MailUnreachable` where the server cannot take this address.
        """
        try:
            message = self._compose(mail)
            async with asyncio.timeout(_LONGEST_SECONDS), self._connect() as client:
                if not _sent_as(mail.to).isascii():
                    await client.ehlo()
                    if not client.supports_extension("smtputf8"):
                        raise MailUnreachable
                await client.send_message(message)
        except (aiosmtplib.SMTPException, MessageError, OSError, ValueError) as error:
            raise MailNotSent from error

    def _connect(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=None if server.password is None else server.password.reveal(),
            use_tls=server.security is SmtpSecurity.TLS,
            start_tls=server.security is SmtpSecurity.STARTTLS,
            tls_context=self._tls,
            timeout=_TIMEOUT_SECONDS,
        )

    def _compose(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=SMTPUTF8)
        message["From"] = _address(self._sender)
        message["To"] = _address(mail.to)
        message["Subject"] = mail.subject
        message["Date"] = self._clock.now()
        message["Message-ID"] = f"<{self._ids.new()}@{self._server.host}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies.
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
        return message


def _address(text: str) -> Address:
    local, _, domain = _sent_as(text).rpartition("@")
    # In two parts: as a whole it would have to be ASCII.
    return Address(username=local, domain=domain)


def _sent_as(text: str) -> str:
    """Read an address; its domain goes out in A-labels (RFC 5890), which every server reads."""
    email = Email.parse(text)
    if email.address != text:
        raise ValueError("not an address as it is stored")
    return f"{text.rpartition('@')[0]}@{email.key.rpartition('@')[2]}"


_conforms: type[Mailer] = SmtpMailer
