"""Adapters that settings choose and shape."""

from limen.adapters.argon2 import Argon2Scheme
from limen.adapters.bcrypt import BcryptScheme
from limen.adapters.hashing_pool import PooledHasher
from limen.adapters.log_mail import LogMailer
from limen.core.sessions.denial import DenialList, WatchedUnits
from limen.ports.clock import Clock
from limen.ports.ids import IdSource
from limen.ports.mailer import Mailer
from limen.ports.password_hasher import PasswordScheme
from limen.wiring.catalogue import PasswordHash
from limen.wiring.settings import Settings
from limen.wiring.storage import Storage

_SECONDS_AT_COST_12 = 0.25
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 30.0


def make_hasher(settings: Settings) -> PooledHasher:
    """Return the hasher: the configured scheme first, the other one to verify with."""
    chosen = settings.password
    schemes: list[PasswordScheme] = [BcryptScheme(chosen.bcrypt_cost), Argon2Scheme()]
    if chosen.hash is PasswordHash.ARGON2ID:
        schemes.reverse()
    each = _SECONDS_AT_COST_12 * 2 ** (chosen.bcrypt_cost - 12)
    drained = each * chosen.hashing_queue / chosen.hashing_threads
    return PooledHasher(
        schemes=schemes,
        threads=chosen.hashing_threads,
        queue_limit=chosen.hashing_queue,
        retry_after=min(max(drained, _SHORTEST_WAIT), _LONGEST_WAIT),
    )


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


def watched_units(storage: Storage, denials: DenialList) -> WatchedUnits:
    """Return the store's units of work, which outdate the denial list when sessions end."""
    return WatchedUnits(storage.units, denials)
