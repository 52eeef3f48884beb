import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from limen.adapters import smtp
from limen.adapters.smtp import SmtpMailer, SmtpSecurity, SmtpServer
from limen.core.errors import MailNotSent, MailUnreachable
from limen.core.messages import delivery
from limen.core.secret import Secret
from limen.ports.mailer import Mail
from limen.testing.fakes import NOON, CountingIds, FrozenClock

MAIL = Mail(
    to="ada@example.org", subject="Grüße", text="Der Code ist 4711.", html="<b>Der Code: 4711</b>"
)


@dataclass
class Sink:
    """Keeps what a server took, and what it was told before."""

    port: int = 0
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    are_in_utf8: list[bool] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it.
        self, _server: object, _session: object, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it.
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self.are_in_utf8.append(envelope.smtp_utf8)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def authenticate(self, _s: object, _n: object, _e: object, _m: object, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for `localhost` and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@asynccontextmanager
async def serving(make: Callable[[Sink], SMTP], tls: ssl.SSLContext | None) -> AsyncIterator[Sink]:
    sink = Sink()
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def connect() -> SMTP:
        protocols.append(make(sink))
        return protocols[-1]

    server = await loop.create_server(connect, "localhost", 0, ssl=tls)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        for protocol in protocols:
            transport = protocol.transport
            if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
                transport.abort()
        # The transport under TLS tells the one above it, and that one its protocol.
        for _ in range(3):
            await asyncio.sleep(0)


def plain() -> AbstractAsyncContextManager[Sink]:
    return serving(lambda sink: SMTP(sink, enable_SMTPUTF8=True), None)


def starttls(certificate: Path) -> AbstractAsyncContextManager[Sink]:
    def make(sink: Sink) -> SMTP:
        return SMTP(
            sink,
            tls_context=server_tls(certificate),
            require_starttls=True,
            auth_required=True,
            authenticator=sink.authenticate,
        )

    return serving(make, None)


def tls(certificate: Path) -> AbstractAsyncContextManager[Sink]:
    return serving(SMTP, server_tls(certificate))


def mailer(
    port: int,
    security: SmtpSecurity,
    trust: ssl.SSLContext | None = None,
    password: str | None = None,
) -> SmtpMailer:
    server = SmtpServer(
        host="localhost",
        port=port,
        security=security,
        username=None if password is None else "limen",
        password=None if password is None else Secret(password),
    )
    return SmtpMailer(
        server=server,
        sender="no-reply@example.org",
        clock=FrozenClock(),
        ids=CountingIds(),
        tls=trust,
    )


async def test_a_mail_arrives_whole() -> None:
    async with plain() as sink:
        await mailer(sink.port, SmtpSecurity.NONE).send(MAIL)
    assert sink.envelopes == [("no-reply@example.org", ["ada@example.org"])]
    (message,) = sink.messages
    assert message["Subject"] == "Grüße"
    assert message["From"] == "no-reply@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@localhost>")
    assert message["Date"].datetime == NOON
    for kind, content in (("plain", MAIL.text), ("html", MAIL.html)):
        body = message.get_body((kind,))
        assert body is not None
        assert body.get_content().strip() == content


async def test_a_domain_goes_out_in_ascii() -> None:
    async with plain() as sink:
        await mailer(sink.port, SmtpSecurity.NONE).send(
            Mail(to="ada@bücher.example", subject="Hello", text="x")
        )
    assert sink.envelopes[0][1] == ["ada@xn--bcher-kva.example"]


async def test_letters_beyond_ascii_before_the_at_go_out_as_they_are() -> None:
    async with plain() as sink:
        await mailer(sink.port, SmtpSecurity.NONE).send(
            Mail(to="zoë@bücher.example", subject="Grüße", text="x")
        )
    assert sink.envelopes[0][1] == ["zoë@xn--bcher-kva.example"]
    assert sink.are_in_utf8 == [True]


async def test_a_server_that_cannot_read_them_is_given_nothing() -> None:
    async with serving(SMTP, None) as sink:
        with pytest.raises(MailUnreachable):
            await mailer(sink.port, SmtpSecurity.NONE).send(
                Mail(to="zoë@example.org", subject="Grüße", text="x")
            )
    assert not sink.messages


async def test_starttls_comes_before_the_password(certificate: Path) -> None:
    async with starttls(certificate) as sink:
        await mailer(sink.port, SmtpSecurity.STARTTLS, trusting(certificate), "right").send(MAIL)
    assert sink.logins == [(b"limen", b"right")]
    assert len(sink.messages) == 1


async def test_tls_from_the_start(certificate: Path) -> None:
    async with tls(certificate) as sink:
        await mailer(sink.port, SmtpSecurity.TLS, trusting(certificate)).send(MAIL)
    assert len(sink.messages) == 1


async def test_a_wrong_password_is_told(certificate: Path) -> None:
    async with starttls(certificate) as sink:
        sender = mailer(sink.port, SmtpSecurity.STARTTLS, trusting(certificate), "wrong")
        with pytest.raises(MailNotSent) as refusal:
            await sender.send(MAIL)
    assert "wrong" not in str(refusal.value)
    assert not sink.messages


async def test_nothing_goes_to_a_server_that_proves_no_name(certificate: Path) -> None:
    async with tls(certificate) as sink:
        with pytest.raises(MailNotSent):
            await mailer(sink.port, SmtpSecurity.TLS).send(MAIL)
    async with starttls(certificate) as other:
        with pytest.raises(MailNotSent):
            await mailer(other.port, SmtpSecurity.STARTTLS, password="right").send(MAIL)
    assert not [*sink.messages, *other.messages, *other.logins]


async def test_nothing_goes_out_without_the_tls_that_was_asked_for() -> None:
    async with plain() as sink:
        with pytest.raises(MailNotSent):
            await mailer(sink.port, SmtpSecurity.STARTTLS).send(MAIL)
    assert not sink.messages


@pytest.mark.parametrize(
    "mail",
    [
        Mail(to="nobody@example.org", subject="Hello", text="x"),
        Mail(to="", subject="Hello", text="x"),
        Mail(to="@example.org", subject="Hello", text="x"),
        Mail(to="a b@example.org", subject="Hello", text="x"),
        Mail(to="(@example.org", subject="Hello", text="x"),
        Mail(to="ada@[", subject="Hello", text="x"),
        Mail(to="ada@example.org, eve@example.org", subject="Hello", text="x"),
        Mail(to="ada@example.org\nBcc: eve@example.org", subject="Hello", text="x"),
        Mail(to="ada@example.org", subject="Hello\nBcc: eve@example.org", text="x"),
    ],
)
async def test_a_mail_that_is_refused_is_told(mail: Mail) -> None:
    async with plain() as sink:
        with pytest.raises(MailNotSent):
            await mailer(sink.port, SmtpSecurity.NONE).send(mail)
    assert not sink.messages


async def test_a_server_that_is_not_there_is_told() -> None:
    async with plain() as sink:
        pass
    with pytest.raises(MailNotSent):
        await mailer(sink.port, SmtpSecurity.NONE).send(MAIL)


@pytest.mark.parametrize("patience", ["_TIMEOUT_SECONDS", "_LONGEST_SECONDS"])
async def test_a_silent_server_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, patience: str
) -> None:
    monkeypatch.setattr(smtp, patience, 0.05)

    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    async with await asyncio.start_server(listen, "localhost", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(MailNotSent):
            await mailer(port, SmtpSecurity.NONE).send(MAIL)
        await gone.wait()


def test_a_claim_lasts_far_longer_than_a_mail() -> None:
    longest = dt.timedelta(seconds=smtp._LONGEST_SECONDS)
    assert 5 * longest < delivery._LEASE
