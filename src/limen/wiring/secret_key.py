"""The one secret of an installation, and the keys derived from it."""

import hmac
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from limen.core.errors import Fault, SettingsInvalid
from limen.core.secret import Secret
from limen.wiring.forms import parse_secret_key
from limen.wiring.settings import Settings, Store

SECRET_FILE: Final = "secret.key"  # noqa: S105 - its name, not the secret.
_DRAFT_BYTES: Final = 8
_SECRET_BYTES: Final = 32
_PURPOSES: Final = "limen 1 "

_log = logging.getLogger(__name__)

# What the keys derived from the secret key are for.
REFRESH_TOKENS: Final = "refresh tokens"
CURSORS: Final = "list cursors"
CODES: Final = "mailed codes"
COOKIES: Final = "session cookies"
DECOYS: Final = "decoys of passkeys"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKeys:
    """The secret key in force, and the former ones that still open what they sealed."""

    current: Secret[bytes]
    old: tuple[Secret[bytes], ...] = ()

    @property
    def all(self) -> tuple[Secret[bytes], ...]:
        """Every key, newest first."""
        return (self.current, *self.old)

    def derive(self, purpose: str) -> Secret[bytes]:
        """Return the key of 32 bytes for one purpose: HKDF-SHA256, no salt (RFC 5869)."""
        return _derive(self.current, purpose)

    def derive_all(self, purpose: str) -> tuple[Secret[bytes], ...]:
        """Return the keys for one purpose that are derived from every secret key, newest first."""
        return tuple(_derive(key, purpose) for key in self.all)


def _derive(secret: Secret[bytes], purpose: str) -> Secret[bytes]:
    extracted = hmac.digest(bytes(sha256().digest_size), secret.reveal(), sha256)
    info = (_PURPOSES + purpose).encode()
    return Secret(hmac.digest(extracted, info + b"\x01", sha256))


def find_secret_keys(settings: Settings, entropy: Callable[[int], bytes]) -> SecretKeys:
    """Return the configured secret keys, or in development the one kept beside the data.

    Where there is none yet it is made, written to `secret.key` in the data directory for this
    user's eyes only, and announced in the log; a store in memory gets one that is kept nowhere.
    Raises `SettingsInvalid` when the file cannot be read or made.
    """
    old = settings.secret.old_keys
    if settings.secret.key is not None:
        return SecretKeys(current=settings.secret.key, old=old)
    if settings.database.store is Store.MEMORY:
        return SecretKeys(current=Secret(entropy(_SECRET_BYTES)), old=old)
    path = settings.data_dir / SECRET_FILE
    try:
        if not path.exists():
            _make(path, entropy(_SECRET_BYTES), draft=entropy(_DRAFT_BYTES).hex())
        return SecretKeys(current=parse_secret_key(path.read_text().strip()), old=old)
    except (OSError, ValueError) as error:
        fault = Fault("LIMEN_SECRET_KEY", "unreadable", f"in {path} is of no use: {error}")
        message = f"{fault.field} {fault.message}"
        raise SettingsInvalid(message, details=(fault,)) from error


def _make(path: Path, secret: bytes, *, draft: str) -> None:
    """Write the file whole or not at all; of two processes at once, one wins and both read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft_path = path.with_name(f"{path.name}.{draft}")
    descriptor = os.open(draft_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secret.hex() + "\n")
            file.flush()
            os.fsync(descriptor)
        path.hardlink_to(draft_path)
    except FileExistsError:
        return
    finally:
        draft_path.unlink()
    _persist(path.parent)
    _log.warning("Made the secret key %s: keep it, what is stored cannot be used without it", path)


def _persist(directory: Path) -> None:
    """Have the disk know what is in the directory: a power cut must not take the key away."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
