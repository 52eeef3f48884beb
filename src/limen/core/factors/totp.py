"""Codes of authenticator apps: RFC 6238 as all of them know it (SHA-1, six digits, 30 seconds)."""

import hashlib
import hmac
from base64 import b32encode
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from limen.core.secret import Secret

SECRET_BYTES: Final = 20
DIGITS: Final = 6
PERIOD_SECONDS: Final = 30
# Clocks of telephones differ, and typing takes a while (RFC 6238 section 5.2).
_DRIFT: Final = (-1, 0, 1)
# Far more than the digits and the spaces between them.
_LONGEST_TYPED: Final = 64


def step_at(now: datetime) -> int:
    """Return the number of the time step at `now`."""
    return int(now.timestamp()) // PERIOD_SECONDS


def code_at(secret: Secret[bytes], step: int, digits: int = DIGITS) -> Secret[str]:
    """Return the code of one time step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret.reveal(), step.to_bytes(8), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return Secret(f"{number % 10**digits:0{digits}}")


def find_step(secret: Secret[bytes], code: Secret[str], now: datetime, *, after: int) -> int | None:
    """Return the time step around `now`, and after the last one used, that `code` is of."""
    present = step_at(now)
    found = [
        step
        for step in (present + drift for drift in _DRIFT)
        if hmac.compare_digest(code_at(secret, step).reveal(), code.reveal())
    ]
    return next((step for step in found if step > after), None)


def read_totp_code(code: Secret[str]) -> Secret[str] | None:
    """Return the digits of a code however it was typed, or `None` if it cannot be one."""
    typed = code.reveal()
    if len(typed) > _LONGEST_TYPED or not typed.isascii():
        return None
    digits = "".join(char for char in typed if not char.isspace() and char != "-")
    return Secret(digits) if len(digits) == DIGITS and digits.isdigit() else None


def write_secret(secret: Secret[bytes]) -> Secret[str]:
    """Return the secret as people type it into an app (base32)."""
    return Secret(b32encode(secret.reveal()).decode())


def write_uri(secret: Secret[bytes], *, issuer: str, account: str) -> Secret[str]:
    """Return what an app reads from a QR code."""
    values = {
        "secret": write_secret(secret).reveal(),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": PERIOD_SECONDS,
    }
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    return Secret(f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}")
