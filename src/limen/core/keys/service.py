"""Making and showing signing keys."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from limen.core.access import authorise, require_fresh
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.events import SigningKeyAdded
from limen.core.keys.model import KeyPolicy, KeyState, SigningKey, state
from limen.core.keys.ring import KeyRing, place_of
from limen.core.roles.model import Permission
from limen.ports.cipher import Cipher
from limen.ports.token_signer import TokenSigner
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaker:
    """Makes signing keys whose private half nobody reads without the server's secret key."""

    signer: TokenSigner
    cipher: Cipher
    policy: KeyPolicy

    def make(self, key_id: str, now: datetime, announced: timedelta) -> SigningKey:
        """Return a new key that signs once it has been known for `announced`."""
        pair = self.signer.generate(self.policy.algorithm)
        return SigningKey(
            id=key_id,
            algorithm=self.policy.algorithm,
            public=pair.public,
            sealed=self.cipher.seal(pair.private, place_of(key_id)),
            created_at=now,
            signs_from=now + announced,
        )

    def check_opens(self, key: SigningKey) -> None:
        """Raise `SealBroken` unless the secret key opens the private half."""
        self.cipher.open(key.sealed, place_of(key.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInUse:
    """A signing key and what it does now."""

    key: SigningKey
    state: KeyState


class KeyService:
    """Signing keys: a new one is announced first, then signs; the old one verifies on."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        maker: KeyMaker,
        ring: KeyRing,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._maker = maker
        self._ring = ring

    async def ensure(self, *, actor: Actor) -> None:
        """Make the first key, which signs at once, if there is none."""
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise(uow, actor, Permission.KEYS_ROTATE, now)
            await uow.keys.lock()
            if not await uow.keys.list():
                await self._add(uow, actor, now, timedelta(0))

    async def rotate(self, *, actor: Actor, secret_is_lost: bool = False) -> SigningKey:
        """Make a new key; it is published now and signs after the time of announcement.

        The first one signs at once. So does one after the secret key was lost, if that is said,
        or right after a key that was announced before; where it is not said, a secret key that
        opens nothing raises `SealBroken`, for it may be only this process that has the wrong one.
        Keys that no longer verify are removed. Needs `keys.rotate`. Raises what `require_fresh`
        does: everybody fetches the public keys.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise(uow, actor, Permission.KEYS_ROTATE, now)
            await require_fresh(uow, actor, now)
            await uow.keys.lock()
            await uow.keys.purge(now - self._maker.policy.verifies)
            keys = await uow.keys.list()
            if keys and not secret_is_lost:
                self._maker.check_opens(max(keys, key=lambda key: key.created_at))
            is_urgent = secret_is_lost or not keys
            announced = _behind(keys, now) if is_urgent else self._maker.policy.announced
            made = await self._add(uow, actor, now, announced)
        self._ring.outdate()
        return made

    async def list(self, *, actor: Actor) -> tuple[KeyInUse, ...]:
        """Return all keys and what each does now, oldest first; needs `keys.read`."""
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.KEYS_READ, now)
            keys = await view.keys.list()
        return tuple(
            KeyInUse(key=key, state=state(key, keys, self._maker.policy, now)) for key in keys
        )

    async def jwks(self) -> tuple[Mapping[str, str], ...]:
        """Return the public keys by which anybody can verify access tokens (RFC 7517)."""
        return await self._ring.public()

    async def _add(
        self, uow: UnitOfWork, actor: Actor, now: datetime, announced: timedelta
    ) -> SigningKey:
        key_id = hashlib.sha256(self._ambient.ids.new().bytes).hexdigest()[:16]
        key = self._maker.make(key_id, now, announced)
        await uow.keys.add(key)
        uow.emit(
            SigningKeyAdded(
                at=now,
                actor=actor,
                key_id=key.id,
                algorithm=key.algorithm.value,
                signs_from=key.signs_from,
            )
        )
        await uow.commit()
        return key


def _behind(keys: Sequence[SigningKey], now: datetime) -> timedelta:
    """Return how long from `now` until every one of `keys` has begun to sign."""
    announced = [key.signs_from for key in keys if key.signs_from >= now]
    return max(announced) + _INSTANT - now if announced else timedelta(0)
