"""Adapters that settings choose and shape."""

from collections.abc import Mapping
from typing import Final

from limen.adapters.argon2 import Argon2Scheme
from limen.adapters.bcrypt import LOWEST_COST, BcryptScheme
from limen.adapters.foreign import (
    bcrypt_sha256,
    firebase,
    pbkdf2,
    phpass,
    salted,
    scrypt,
    sha_crypt,
)
from limen.adapters.foreign.recipe import ForeignScheme, Reader
from limen.adapters.hashing_pool import PooledHasher
from limen.adapters.log_mail import LogMailer
from limen.core.ambient import Ambient
from limen.core.cookies.carrying import SessionCookies
from limen.core.cookies.parts import BrowserParts
from limen.core.devices.book import DeviceBook
from limen.core.messages.posting import Postbox
from limen.core.passwords.former import AskingHasher
from limen.core.remembered.remembering import Memory
from limen.core.secret import Secret
from limen.core.sessions.denial import DenialList, WatchedUnits
from limen.ports.clock import Clock
from limen.ports.ids import IdSource
from limen.ports.mailer import Mailer
from limen.ports.message_writer import MessageWriter
from limen.ports.password_hasher import PasswordHasher, PasswordScheme
from limen.ports.qr import QrDrawer
from limen.wiring.choices import ForeignHash, PasswordHash
from limen.wiring.settings import Settings
from limen.wiring.storage import Storage

_SECONDS_AT_COST_12 = 0.25
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 30.0

_READERS: Final[Mapping[ForeignHash, tuple[Reader, ...]]] = {
    ForeignHash.BCRYPT_SHA256: (
        bcrypt_sha256.read_django_plain,
        bcrypt_sha256.read_django_sha256,
        bcrypt_sha256.read_passlib_1,
    ),
    ForeignHash.SCRYPT: (
        scrypt.read_passlib,
        scrypt.read_seven,
        scrypt.read_django,
        scrypt.read_werkzeug,
    ),
    ForeignHash.FIREBASE_SCRYPT: (firebase.read_firebase,),
    ForeignHash.PBKDF2: (pbkdf2.read_passlib, pbkdf2.read_django, pbkdf2.read_werkzeug),
    ForeignHash.KEYCLOAK: (pbkdf2.read_keycloak,),
    ForeignHash.ASPNET_V3: (pbkdf2.read_aspnet_3,),
    ForeignHash.ASPNET_V2: (pbkdf2.read_aspnet_2,),
    ForeignHash.PHPASS: (phpass.read_phpass,),
    ForeignHash.SHA256_CRYPT: (sha_crypt.read_sha256_crypt,),
    ForeignHash.SHA512_CRYPT: (sha_crypt.read_sha512_crypt,),
    ForeignHash.SSHA512: (salted.read_ssha512,),
    ForeignHash.SSHA256: (salted.read_ssha256,),
    ForeignHash.SSHA: (salted.read_ssha,),
    ForeignHash.SMD5: (salted.read_smd5,),
    ForeignHash.SALTED_SHA1: (salted.read_salted_sha1,),
    ForeignHash.SALTED_MD5: (salted.read_salted_md5,),
}


def foreign_scheme(name: ForeignHash) -> ForeignScheme:
    """Return what verifies the hashes that go by this name."""
    return ForeignScheme(*_READERS[name])


def make_hasher(settings: Settings) -> PooledHasher:
    """Return the hasher: the configured scheme first, the other ones to verify with."""
    chosen = settings.password
    schemes: list[PasswordScheme] = [BcryptScheme(chosen.bcrypt_cost), Argon2Scheme()]
    if chosen.hash is PasswordHash.ARGON2ID:
        # Refusing a cheaper hash of bcrypt takes as long as one of Argon2 then: the pool's work.
        schemes = [Argon2Scheme(), BcryptScheme(LOWEST_COST)]
    each = _SECONDS_AT_COST_12 * 2 ** (chosen.bcrypt_cost - 12)
    drained = each * chosen.hashing_queue / chosen.hashing_threads
    return PooledHasher(
        schemes=schemes,
        foreign=[foreign_scheme(name) for name in chosen.foreign],
        threads=chosen.hashing_threads,
        queue_limit=chosen.hashing_queue,
        retry_after=min(max(drained, _SHORTEST_WAIT), _LONGEST_WAIT),
    )


def make_verifying(settings: Settings, hasher: PasswordHasher) -> PasswordHasher:
    """Return what services hash with: the hasher, which asks a former system if one is named."""
    url, token = settings.former.url, settings.former.token
    if url is None or token is None:
        return hasher
    # Only those who ask a former system need aiohttp.
    from limen.adapters.former_http import HttpFormerPasswords  # noqa: PLC0415

    return AskingHasher(hasher, HttpFormerPasswords(url, token))


def make_mailer(settings: Settings, clock: Clock, ids: IdSource) -> Mailer:
    """Return the mailer: to the configured server, or into the data directory."""
    url, sender = settings.mail.smtp_url, settings.mail.sender
    if url is None or sender is None:
        return LogMailer(folder=settings.data_dir / "mail", clock=clock, ids=ids)
    # Only those who send mail need aiosmtplib.
    from limen.adapters.smtp import SmtpMailer, SmtpSecurity, SmtpServer  # noqa: PLC0415

    server = SmtpServer(
        host=url.host,
        port=url.port,
        security=SmtpSecurity[url.security.name],
        username=url.username,
        password=url.password,
    )
    return SmtpMailer(server=server, sender=sender.address, clock=clock, ids=ids)


def make_writer(settings: Settings) -> MessageWriter:
    """Return what writes messages: from the operator's templates, and limen's own."""
    # Only those who send mail need Jinja.
    from limen.adapters.jinja import JinjaWriter  # noqa: PLC0415

    return JinjaWriter(settings.mail.templates)


def make_drawer() -> QrDrawer:
    """Return what draws QR codes."""
    # Only those who set up an authenticator app need segno.
    from limen.adapters.segno import SegnoQrDrawer  # noqa: PLC0415

    return SegnoQrDrawer()


def watched_units(storage: Storage, denials: DenialList) -> WatchedUnits:
    """Return the store's units of work, which outdate the denial list when sessions end."""
    return WatchedUnits(storage.units, denials)


def make_browsers(
    settings: Settings, *, key: Secret[bytes], ambient: Ambient, postbox: Postbox
) -> BrowserParts:
    """Return what browsers are given to keep."""
    return BrowserParts(
        cookies=SessionCookies(key),
        devices=DeviceBook(
            entropy=ambient.entropy, postbox=postbox, sends_mail=settings.mail.new_device
        ),
        memory=Memory(ambient=ambient, lifetime=settings.session.policy.remembered),
    )
