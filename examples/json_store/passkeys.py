"""Passkeys, and the questions to authenticators."""

from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository
from limen.core.errors import (
    CeremonyOver,
    ConcurrentUpdate,
    PasskeyNotFound,
    PasskeyTaken,
    UserNotFound,
)
from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys.model import Ceremony, CeremonyPurpose, Passkey
from limen.ports.ceremonies import Ceremonies
from limen.ports.passkeys import Passkeys


class JsonPasskeys(Repository):
    """See `limen.ports.passkeys`."""

    async def add(self, passkey: Passkey) -> None:
        tables = await self._desk.write()
        if passkey.user_id not in tables.users:
            raise UserNotFound
        if any(tables.passkeys.where(credential_id=passkey.credential_id)):
            raise PasskeyTaken
        tables.passkeys.put(passkey)

    async def list(self, user_id: UserId) -> tuple[Passkey, ...]:
        found = (await self._desk.read()).passkeys.where(user_id=user_id)
        return tuple(sorted(found, key=lambda passkey: passkey.id))

    async def find(self, credential_id: bytes) -> Passkey | None:
        tables = await self._desk.read()
        return next(tables.passkeys.where(credential_id=credential_id), None)

    async def save(self, passkey: Passkey) -> None:
        tables = await self._desk.write()
        present = tables.passkeys.get(passkey.id)
        if present is None:
            raise ConcurrentUpdate
        tables.passkeys.save(replace(present, name=passkey.name, version=passkey.version))

    async def use(self, passkey: Passkey) -> bool:
        tables = await self._desk.write()
        present = tables.passkeys.get(passkey.id)
        if present is None or not present.is_followed_by(passkey.sign_count):
            return False
        used = replace(
            present,
            sign_count=passkey.sign_count,
            is_backed_up=passkey.is_backed_up,
            last_used_at=passkey.last_used_at,
        )
        tables.passkeys.put(used)
        return True

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        tables = await self._desk.write()
        present = tables.passkeys.get(passkey_id)
        if present is None or present.user_id != user_id:
            raise PasskeyNotFound
        tables.passkeys.remove(passkey_id)

    async def remove_all(self, user_id: UserId) -> int:
        tables = await self._desk.write()
        return len(tables.passkeys.remove_where(lambda passkey: passkey.user_id == user_id))


class JsonCeremonies(Repository):
    """See `limen.ports.ceremonies`."""

    async def add(self, ceremony: Ceremony) -> None:
        (await self._desk.write()).ceremonies.put(ceremony)

    async def consume(self, digest: bytes, purpose: CeremonyPurpose, now: datetime) -> Ceremony:
        tables = await self._desk.write()
        ceremony = tables.ceremonies.get(digest.hex())
        if ceremony is None or not ceremony.is_live(purpose, now):
            raise CeremonyOver
        tables.ceremonies.remove(digest.hex())
        return ceremony

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.ceremonies.remove_where(lambda one: one.expires_at < before, limit))


_conforms: tuple[type[Passkeys], type[Ceremonies]] = (JsonPasskeys, JsonCeremonies)
