"""The signing keys as a process keeps them at hand."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from limen.core.errors import StorageUnavailable, TokenInvalid
from limen.core.keys.model import Algorithm, KeyPolicy, SigningKey, published, signing_key
from limen.core.secret import Secret
from limen.ports.cipher import Cipher
from limen.ports.clock import Clock
from limen.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedKey:
    """The key that signs now, its private half opened."""

    id: str
    algorithm: Algorithm
    private: Secret[bytes]


@dataclass(frozen=True, slots=True)
class _Kept:
    """The keys as they were at `read_at`; `missed_at` is when the store was last found out."""

    keys: tuple[SigningKey, ...] = ()
    read_at: datetime | None = None
    missed_at: datetime | None = None

    def is_within(self, age: timedelta, now: datetime) -> bool:
        """Tell whether the keys were read no longer ago than `age`."""
        return self.read_at is not None and self.read_at <= now < self.read_at + age

    def serves(self, age: timedelta, pause: timedelta, now: datetime) -> bool:
        """Tell whether to look no further: read within `age`, or not to be read within `pause`."""
        missed = self.missed_at
        return self.is_within(age, now) or (missed is not None and missed <= now < missed + pause)


class KeyRing:
    """Keeps the signing keys for `policy.memory`; an unknown key id makes it look again."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        cipher: Cipher,
        clock: Clock,
        policy: KeyPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._cipher = cipher
        self._clock = clock
        self._policy = policy
        self._kept = _Kept()
        self._opened: dict[str, OpenedKey] = {}
        self._reading = asyncio.Lock()

    async def signing(self) -> OpenedKey:
        """Return the key that signs now; raise `NoSigningKey` if there is none.

        Keys read longer ago than a new one is announced may have been replaced unseen: then it
        raises `StorageUnavailable` while the store is out.
        """
        now = self._clock.now()
        keys = await self._keys(now)
        if not self._kept.is_within(self._policy.announced, now):
            keys = await self._read(now, self._kept)
            if self._kept.missed_at is not None:
                raise StorageUnavailable
        key = signing_key(keys, now)
        if key.id not in self._opened:
            private = self._cipher.open(key.sealed, place_of(key.id))
            self._opened = {key.id: OpenedKey(id=key.id, algorithm=key.algorithm, private=private)}
        return self._opened[key.id]

    def outdate(self) -> None:
        """Look at the store before the next key is given: they have changed."""
        self._kept = _Kept()

    async def verifying(self, key_id: str) -> SigningKey:
        """Return the key with this id if its signatures count now; raise `TokenInvalid` if not.

        While the store is out the keys at hand serve, and of others nobody can tell: raises
        `StorageUnavailable`.
        """
        now = self._clock.now()
        keys = await self._keys(now)
        if all(key.id != key_id for key in keys):
            keys = await self._look_again(now)
        for key in published(keys, self._policy, now):
            if key.id == key_id:
                return key
        if self._kept.missed_at is not None and all(key.id != key_id for key in keys):
            raise StorageUnavailable
        raise TokenInvalid

    async def public(self) -> tuple[Mapping[str, str], ...]:
        """Return the public halves of all keys that count or are about to, as JWKs (RFC 7517)."""
        now = self._clock.now()
        return tuple(
            {**key.public, "kid": key.id, "alg": key.algorithm.value, "use": "sig"}
            for key in published(await self._keys(now), self._policy, now)
        )

    async def _keys(self, now: datetime) -> tuple[SigningKey, ...]:
        kept, policy = self._kept, self._policy
        # Of a store that answers slowly one caller at a time waits for the answer.
        is_read_by_another = bool(kept.keys) and self._reading.locked()
        if is_read_by_another or (kept.keys and kept.serves(policy.memory, policy.pause, now)):
            return kept.keys
        return await self._read(now, kept)

    async def _look_again(self, now: datetime) -> tuple[SigningKey, ...]:
        kept, pause = self._kept, self._policy.pause
        return kept.keys if kept.serves(pause, pause, now) else await self._read(now, kept)

    async def _read(self, now: datetime, seen: _Kept) -> tuple[SigningKey, ...]:
        async with self._reading:
            while (before := self._kept) is seen or before.read_at is None:
                found = await self._look(before, now)
                if self._kept is before:
                    self._kept = found
            return self._kept.keys

    async def _look(self, before: _Kept, now: datetime) -> _Kept:
        try:
            async with self._unit_of_work.view() as view:
                return _Kept(await view.keys.list(), now)
        except StorageUnavailable:
            if not before.keys:
                raise
            # Keys change by the day: those at hand verify until the store is back.
            return replace(before, missed_at=self._clock.now())


def place_of(key_id: str) -> str:
    """Return the place that the private half of a key is sealed for."""
    return f"signing_keys.sealed.{key_id}"
