"""Mail into a folder and mail to a real SMTP server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiosmtpd.smtp import SMTP

from limen.adapters.log_mail import LogMailer
from limen.adapters.smtp import SmtpMailer, SmtpSecurity, SmtpServer
from limen.adapters.system import SystemClock, SystemIds
from limen.ports.mailer import Mail
from limen.testing.contracts.mailer import (
    Inbox,
    MailerContract,
    RefusedMailContract,
    UnreachableMailContract,
)


def read(raw: bytes) -> Mail:
    """Read a message as its recipient does."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    return Mail(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=_text(message.get_body(("plain",))),
        html=None if html is None else _text(html),
    )


def _text(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


class TestLogMailer(MailerContract):
    @pytest.fixture
    def mailer(self, tmp_path: Path) -> LogMailer:
        return LogMailer(folder=tmp_path / "mail", clock=SystemClock(), ids=SystemIds())

    @pytest.fixture
    def inbox(self, tmp_path: Path) -> Inbox:
        def look() -> Sequence[Mail]:
            return [read(path.read_bytes()) for path in sorted((tmp_path / "mail").glob("*.eml"))]

        return look


class TestLogMailerWithoutAFolder(RefusedMailContract):
    @pytest.fixture
    def mailer(self, tmp_path: Path) -> LogMailer:
        (tmp_path / "mail").write_text("a file where the folder should be")
        return LogMailer(folder=tmp_path / "mail", clock=SystemClock(), ids=SystemIds())


class PostOffice:
    """Keeps what arrives; answers as it is told."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            self.arrived.append(envelope.content)
        return self.answer


@pytest.fixture
def post_office() -> PostOffice:
    return PostOffice()


@asynccontextmanager
async def serving(
    post_office: PostOffice, *, reads_unicode: bool = True
) -> AsyncIterator[SmtpServer]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(post_office, enable_SMTPUTF8=reads_unicode, loop=loop), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    yield SmtpServer(host="127.0.0.1", port=port, security=SmtpSecurity.NONE)
    server.close()
    await server.wait_closed()


@pytest.fixture
async def smtp(post_office: PostOffice) -> AsyncIterator[SmtpServer]:
    """A real SMTP server."""
    async with serving(post_office) as server:
        yield server


@pytest.fixture
async def old_smtp(post_office: PostOffice) -> AsyncIterator[SmtpServer]:
    """A real SMTP server without SMTPUTF8."""
    async with serving(post_office, reads_unicode=False) as server:
        yield server


def make_mailer(server: SmtpServer) -> SmtpMailer:
    return SmtpMailer(
        server=server, sender="limen@example.org", clock=SystemClock(), ids=SystemIds()
    )


class TestSmtpMailer(MailerContract):
    @pytest.fixture
    def mailer(self, smtp: SmtpServer) -> SmtpMailer:
        return make_mailer(smtp)

    @pytest.fixture
    def inbox(self, post_office: PostOffice) -> Inbox:
        return lambda: [read(raw) for raw in post_office.arrived]


class TestSmtpMailerWhoseServerRefuses(RefusedMailContract):
    @pytest.fixture(params=["550 No such user here", "451 Try again later"])
    def mailer(
        self, smtp: SmtpServer, post_office: PostOffice, request: pytest.FixtureRequest
    ) -> SmtpMailer:
        post_office.answer = str(request.param)
        return make_mailer(smtp)


class TestSmtpMailerWithoutAServer(RefusedMailContract):
    @pytest.fixture
    def mailer(self) -> SmtpMailer:
        # Port 1 is nobody's.
        return make_mailer(SmtpServer(host="127.0.0.1", port=1, security=SmtpSecurity.NONE))


class TestSmtpMailerThatWantsTls(RefusedMailContract):
    @pytest.fixture(params=[SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
    def mailer(self, smtp: SmtpServer, request: pytest.FixtureRequest) -> SmtpMailer:
        server = SmtpServer(host=smtp.host, port=smtp.port, security=request.param)
        return make_mailer(server)


class TestSmtpMailerWhoseServerIsOld(UnreachableMailContract):
    @pytest.fixture
    def mailer(self, old_smtp: SmtpServer) -> SmtpMailer:
        return make_mailer(old_smtp)


class TestSmtpMailerWithWhatAnOldServerReads(MailerContract):
    """Everything else goes to such a server as well."""

    broken_promises: ClassVar = {
        "test_mail_arrives_as_it_was_sent[beyond ASCII]": "the server reads only ASCII"
    }

    @pytest.fixture
    def mailer(self, old_smtp: SmtpServer) -> SmtpMailer:
        return make_mailer(old_smtp)

    @pytest.fixture
    def inbox(self, post_office: PostOffice) -> Inbox:
        return lambda: [read(raw) for raw in post_office.arrived]
