"""Signing keys: which one signs, which ones still verify. All of it follows from `signs_from`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from limen.core.errors import NoSigningKey
from limen.core.secret import Secret


class Algorithm(StrEnum):
    """How tokens are signed (RFC 7518, RFC 8037). One algorithm per key, never more."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    RS256 = "RS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A fresh pair: the private half as PKCS #8 PEM, the public half as a JWK (RFC 7517)."""

    private: Secret[bytes]
    public: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key pair that signs from `signs_from` until the next key does.

    `sealed` is the private half, encrypted; it is of no use without the server's secret key.
    """

    id: str
    algorithm: Algorithm
    public: Mapping[str, str]
    sealed: bytes
    created_at: datetime
    signs_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """What new keys are, and how long both sides of a change overlap.

    A new key is published for `announced` before it signs, so that everybody who keeps the key
    set knows it in time; a replaced key verifies for `verifies` more, the life of a token. Nodes
    keep the keys for `memory`, and look again for an unknown one no sooner than after `pause`.
    """

    algorithm: Algorithm = Algorithm.EDDSA
    announced: timedelta = timedelta(minutes=10)
    verifies: timedelta = timedelta(minutes=16)
    memory: timedelta = timedelta(seconds=60)
    pause: timedelta = timedelta(seconds=1)


class KeyState(StrEnum):
    """What a key does at an instant."""

    ANNOUNCED = "announced"
    SIGNING = "signing"
    VERIFYING = "verifying"
    RETIRED = "retired"


def signing_key(keys: Sequence[SigningKey], now: datetime) -> SigningKey:
    """Return the key that signs at `now`; raise `NoSigningKey` if there is none."""
    begun = [key for key in keys if key.signs_from <= now]
    if not begun:
        raise NoSigningKey
    return max(begun, key=_order)


def state(
    key: SigningKey, keys: Sequence[SigningKey], policy: KeyPolicy, now: datetime
) -> KeyState:
    """Tell what `key`, one of `keys`, does at `now`."""
    if key.signs_from > now:
        return KeyState.ANNOUNCED
    later = [other for other in keys if _order(other) > _order(key) and other.signs_from <= now]
    if not later:
        return KeyState.SIGNING
    replaced_at = min(other.signs_from for other in later)
    return KeyState.VERIFYING if now < replaced_at + policy.verifies else KeyState.RETIRED


def published(
    keys: Sequence[SigningKey], policy: KeyPolicy, now: datetime
) -> tuple[SigningKey, ...]:
    """Return the keys whose signatures count at `now`, and those that are about to."""
    return tuple(key for key in keys if state(key, keys, policy, now) is not KeyState.RETIRED)


def _order(key: SigningKey) -> tuple[datetime, str]:
    return key.signs_from, key.id
