"""Ports made predictable: a clock that stands still, chance from a seed, mail that stays here.

Each passes the contract of its port (`tests/unit/testing/test_fakes.py`), so what a test proves
with them holds with the real ones. None of them is safe outside a test.
"""

import asyncio
import hashlib
import hmac
import json
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from textwrap import wrap
from typing import Any, Final
from uuid import UUID

from limen.core.errors import (
    FormerSystemUnavailable,
    HashingBusy,
    MailNotSent,
    MailUnreachable,
    MessageNotWritten,
    PasswordHashUnknown,
    PasswordMismatch,
    SealBroken,
    StorageUnavailable,
    TokenInvalid,
)
from limen.core.keys.model import Algorithm, KeyPair
from limen.core.messages.model import VALUES, MessageKind
from limen.core.secret import Secret
from limen.core.text import fold
from limen.core.tokens.model import LONGEST_TOKEN
from limen.ports.breached_passwords import BreachedPasswords
from limen.ports.cipher import Cipher
from limen.ports.clock import Clock
from limen.ports.entropy import Entropy
from limen.ports.former_passwords import FormerPasswords
from limen.ports.ids import IdSource
from limen.ports.mailer import Mail, Mailer
from limen.ports.message_writer import MessageWriter, Wording
from limen.ports.password_hasher import PasswordHasher
from limen.ports.qr import QrDrawer
from limen.ports.token_signer import TokenHeader, TokenSigner

NOON: Final = datetime(2026, 3, 20, 12, tzinfo=UTC)


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime = NOON) -> None:
        """Stand at `now`."""
        self._now = now

    def now(self) -> datetime:
        """Return the instant at which the clock stands."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on (or, below zero, back) and return the new instant."""
        self._now += by
        return self._now


class CountingIds:
    """UUIDv7s that count: one millisecond on each time, without any chance in them."""

    def __init__(self, start: datetime = NOON) -> None:
        """Make identifiers as if from `start` on."""
        self._milliseconds = int(start.timestamp() * 1000)

    def new(self) -> UUID:
        """Return the next identifier."""
        self._milliseconds += 1
        return UUID(int=self._milliseconds << 80 | 0x7 << 76 | 0b10 << 62)


class SeededEntropy:
    """Bytes that look like chance and are the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        """Begin the one sequence of `seed`."""
        self._seed = seed
        self._given = 0

    def bytes(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        self._given += 1
        return hashlib.shake_128(f"{self._seed}:{self._given}".encode()).digest(count)


class MailBox:
    """Keeps mail instead of sending it; refuses it while `is_out`.

    While it `reads_only_ascii`, addresses beyond that are unreachable.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.mails: list[Mail] = []
        self.is_out = False
        self.reads_only_ascii = False

    async def send(self, mail: Mail) -> None:
        """Put the mail into the box."""
        await asyncio.sleep(0)
        if self.reads_only_ascii and not mail.to.isascii():
            raise MailUnreachable
        if self.is_out or not _is_one_address(mail.to) or _has_line_break(mail.subject):
            raise MailNotSent
        self.mails.append(mail)

    def to(self, address: str) -> tuple[Mail, ...]:
        """Return what was sent to `address`, oldest first."""
        return tuple(mail for mail in self.mails if mail.to == address)


class PlainWriter:
    """Writes the kind of a message as its subject, and its values as JSON."""

    def write(self, kind: MessageKind, locale: str, values: Mapping[str, str]) -> Wording:
        """Return the words."""
        if any(name not in values for name in VALUES[kind]):
            raise MessageNotWritten
        text = json.dumps({"locale": locale, **values}, sort_keys=True, ensure_ascii=False)
        return Wording(subject=kind.value, text=text, html=escape(text))


def _is_one_address(text: str) -> bool:
    return "@" in text and not any(char.isspace() or char == "," for char in text)


def _has_line_break(text: str) -> bool:
    return "\n" in text or "\r" in text


class PlainHasher:
    """Hashes in microseconds, with a salt that counts, and still refuses every wrong password.

    `cost` stands for what a real one spends: a digest of another cost needs an upgrade, one above
    `ceiling` is unknown. While `is_busy`, everything that hashes is refused.
    """

    def __init__(self, cost: int = 4, ceiling: int = 20) -> None:
        """Hash with `cost`."""
        self.is_busy = False
        self._cost = cost
        self._ceiling = ceiling
        self._salt = 0

    async def hash(self, password: Secret[str]) -> Secret[str]:
        """Return a new hash of `password`."""
        await self._wait()
        self._salt += 1
        return Secret(_plain_digest(password.reveal(), self._cost, self._salt))

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        """Raise `PasswordMismatch` unless `digest` is a hash of `password`."""
        await self._wait()
        parts = None if digest is None else self._read(digest)
        if digest is None or parts is None:
            raise PasswordMismatch
        if not hmac.compare_digest(_plain_digest(password.reveal(), *parts), digest.reveal()):
            raise PasswordMismatch

    def needs_upgrade(self, digest: Secret[str]) -> bool:
        """Tell whether `digest` has another cost."""
        parts = self._read(digest)
        return parts is None or parts[0] != self._cost

    def check_known(self, digest: Secret[str]) -> None:
        """Raise `PasswordHashUnknown` unless this class made `digest`, at a bearable cost."""
        if self._read(digest) is None:
            raise PasswordHashUnknown

    async def _wait(self) -> None:
        await asyncio.sleep(0)
        if self.is_busy:
            raise HashingBusy(retry_after=1)

    def _read(self, digest: Secret[str]) -> tuple[int, int] | None:
        found = _PLAIN.fullmatch(digest.reveal())
        if found is None or not 1 <= int(found["cost"]) <= self._ceiling:
            return None
        return int(found["cost"]), int(found["salt"])


_PLAIN: Final = re.compile(r"\$plain\$(?P<cost>[0-9]{1,3})\$(?P<salt>[0-9]{1,9})\$[0-9a-f]{64}")


def _plain_digest(password: str, cost: int, salt: int) -> str:
    body = hashlib.sha256(f"{salt}:{password}".encode()).hexdigest()
    return f"$plain${cost}${salt}${body}"


class PlainSigner:
    """Signs in microseconds, with one HMAC key for both halves: whoever verifies can also sign."""

    def __init__(self) -> None:
        """Count the keys from one."""
        self._made = 0

    def generate(self, algorithm: Algorithm) -> KeyPair:
        """Return the next key pair."""
        self._made += 1
        secret = hashlib.sha256(f"{algorithm}:{self._made}".encode()).hexdigest()
        return KeyPair(private=Secret(secret.encode()), public={"kty": "oct", "k": secret})

    def sign(
        self,
        claims: Mapping[str, object],
        *,
        key_id: str,
        algorithm: Algorithm,
        private: Secret[bytes],
        token_type: str,
    ) -> Secret[str]:
        """Return `claims` in the shape of a signed JWT."""
        header = {"alg": algorithm.value, "kid": key_id, "typ": token_type}
        body = f"{_encode_json(header)}.{_encode_json(claims)}"
        return Secret(f"{body}.{_encode(_tag(private.reveal(), algorithm, body))}")

    def read_header(self, token: str) -> TokenHeader:
        """Return the header of `token`; raise `TokenInvalid` if it has not the form of a JWT."""
        header, _, _ = _take_apart(token)
        if "crit" in header:
            raise TokenInvalid
        try:
            key_id, algorithm, kind = header["kid"], header["alg"], header["typ"]
        except KeyError:
            raise TokenInvalid from None
        if not all(isinstance(value, str) for value in (key_id, algorithm, kind)):
            raise TokenInvalid
        return TokenHeader(key_id=key_id, algorithm=algorithm, type=kind)

    def verify(
        self, token: str, *, algorithm: Algorithm, public: Mapping[str, str]
    ) -> Mapping[str, object]:
        """Return the claims of `token`; raise `TokenInvalid` unless `public` verifies it."""
        header, claims, tag = _take_apart(token)
        if header.get("alg") != algorithm.value:
            raise TokenInvalid
        body = token.rpartition(".")[0]
        if not hmac.compare_digest(tag, _tag(public["k"].encode(), algorithm, body)):
            raise TokenInvalid
        return claims


def _tag(secret: bytes, algorithm: Algorithm, body: str) -> bytes:
    return hmac.digest(secret, f"{algorithm}.{body}".encode(), hashlib.sha256)


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _encode_json(value: Mapping[str, object]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _decode(segment: str) -> bytes:
    raw = b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    if _encode(raw) != segment:
        raise TokenInvalid
    return raw


def _take_apart(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    parts = token.split(".") if len(token) <= LONGEST_TOKEN else []
    try:
        header, claims, tag = map(_decode, parts)
        read = json.loads(header), json.loads(claims)
    except (ValueError, RecursionError):
        raise TokenInvalid from None
    if not all(isinstance(part, dict) for part in read):
        raise TokenInvalid
    return read[0], read[1], tag


class PlainCipher:
    """Hides and authenticates in microseconds, with a key that everybody can read here."""

    def __init__(self, key: bytes = b"not a secret") -> None:
        """Seal with `key`."""
        self._key = key
        self._sealed = 0

    def seal(self, plain: Secret[bytes], place: str) -> bytes:
        """Return `plain` sealed for `place`."""
        self._sealed += 1
        head = self._sealed.to_bytes(8, "big")
        body = head + self._mask(head, plain.reveal())
        return self._seal_tag(body, place) + body

    def open(self, sealed: bytes, place: str) -> Secret[bytes]:
        """Return what was sealed for exactly this place; raise `SealBroken` otherwise."""
        tag, body = sealed[:32], sealed[32:]
        if not hmac.compare_digest(tag, self._seal_tag(body, place)):
            raise SealBroken
        return Secret(self._mask(body[:8], body[8:]))

    def _seal_tag(self, body: bytes, place: str) -> bytes:
        return hmac.digest(self._key, place.encode() + b"\0" + body, hashlib.sha256)

    def is_current(self, sealed: bytes) -> bool:
        """Tell yes: there is one key."""
        return len(sealed) > 0

    def _mask(self, head: bytes, text: bytes) -> bytes:
        stream = hashlib.shake_128(self._key + head).digest(len(text))
        return bytes(a ^ b for a, b in zip(text, stream, strict=True))


class PlainDrawer:
    """Writes the text down instead of drawing it."""

    def svg(self, text: Secret[str]) -> Secret[str]:
        """Return an SVG document that says `text`."""
        said = f'<svg xmlns="{_SVG}" viewBox="0 0 1 1"><desc>{escape(text.reveal())}</desc></svg>'
        return Secret(said)

    def terminal(self, text: Secret[str]) -> Secret[str]:
        """Return `text` in lines of equal length."""
        return Secret("\n".join(line.ljust(_WIDTH) for line in wrap(text.reveal(), _WIDTH)))


_SVG: Final = "http://www.w3.org/2000/svg"
_WIDTH: Final = 40


class ListedPasswords:
    """Knows the passwords it was told of; while `is_out`, it cannot tell."""

    def __init__(self, known: Iterable[str] = ("password1234",)) -> None:
        """Know exactly these."""
        self.is_out = False
        self._known = frozenset(map(fold, known))

    async def contains(self, password: Secret[str]) -> bool:
        """Tell whether `password` is among them, without regard to case."""
        await asyncio.sleep(0)
        if self.is_out:
            raise StorageUnavailable
        return fold(password.reveal()) in self._known


class FormerSystem:
    """Knows the passwords it was told of, by name, and counts how often it was asked about each.

    While `is_out`, it cannot tell.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        """Know exactly these: passwords by name."""
        self.is_out = False
        self.asked: list[str] = []
        self._known = dict(known or {})

    async def matches(self, name: str, password: Secret[str]) -> bool:
        """Tell whether `password` is that of `name`."""
        await asyncio.sleep(0)
        self.asked.append(name)
        if self.is_out:
            raise FormerSystemUnavailable
        return name in self._known and self._known[name] == password.reveal()

    def admit(self, name: str, password: str) -> None:
        """Know one more."""
        self._known[name] = password


_conforms: tuple[
    type[Clock],
    type[IdSource],
    type[Entropy],
    type[Mailer],
    type[PasswordHasher],
    type[TokenSigner],
    type[Cipher],
    type[BreachedPasswords],
    type[MessageWriter],
    type[FormerPasswords],
    type[QrDrawer],
] = (
    FrozenClock,
    CountingIds,
    SeededEntropy,
    MailBox,
    PlainHasher,
    PlainSigner,
    PlainCipher,
    ListedPasswords,
    PlainWriter,
    FormerSystem,
    PlainDrawer,
)
