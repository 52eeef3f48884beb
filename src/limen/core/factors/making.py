"""Making the secret of an authenticator app, and telling its codes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from limen.core.errors import FactorInvalid
from limen.core.factors.model import Totp, place_of
from limen.core.factors.totp import (
    SECRET_BYTES,
    find_step,
    read_totp_code,
    write_secret,
    write_uri,
)
from limen.core.ids import TotpId, UserId
from limen.core.secret import Secret
from limen.ports.cipher import Cipher
from limen.ports.entropy import Entropy
from limen.ports.ids import IdSource
from limen.ports.qr import QrDrawer

WAITS: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTotp:
    """A secret that waits for its first code until `expires_at`, as its user sees it this once.

    `uri` is what apps read, `svg` and `text` show it as a QR code; `secret` is for typing it in.
    """

    expires_at: datetime
    secret: Secret[str]
    uri: Secret[str]
    svg: Secret[str]
    text: Secret[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpMaker:
    """Makes secrets that apps keep under the name of `issuer`, and opens them again."""

    issuer: str
    cipher: Cipher
    ids: IdSource
    entropy: Entropy
    drawer: QrDrawer

    def make(self, user_id: UserId, now: datetime) -> Totp:
        """Return a new secret for a user."""
        totp_id, secret = TotpId(self.ids.new()), Secret(self.entropy.bytes(SECRET_BYTES))
        return Totp(
            id=totp_id,
            user_id=user_id,
            sealed=self.cipher.seal(secret, place_of(totp_id)),
            created_at=now,
            expires_at=now + WAITS,
        )

    def show(self, totp: Totp, account: str) -> NewTotp:
        """Return what its user sees of a new secret, by the name of their account.

        Drawing takes milliseconds: not while a transaction is open.
        """
        secret = self.cipher.open(totp.sealed, place_of(totp.id))
        uri = write_uri(secret, issuer=self.issuer, account=account)
        return NewTotp(
            expires_at=totp.created_at + WAITS,
            secret=write_secret(secret),
            uri=uri,
            svg=self.drawer.svg(uri),
            text=self.drawer.terminal(uri),
        )

    def step_of(self, totp: Totp, code: Secret[str], now: datetime) -> int:
        """Return the time step that `code` is of; raise `FactorInvalid` if it is not good."""
        digits = read_totp_code(code)
        if digits is None:
            raise FactorInvalid
        secret = self.cipher.open(totp.sealed, place_of(totp.id))
        step = find_step(secret, digits, now, after=totp.last_step)
        if step is None:
            raise FactorInvalid
        return step

    def sealed_anew(self, totp: Totp) -> bytes | None:
        """Return the secret sealed with the present key, unless it is already."""
        if self.cipher.is_current(totp.sealed):
            return None
        place = place_of(totp.id)
        return self.cipher.seal(self.cipher.open(totp.sealed, place), place)
