"""Second factors."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository, Tables, recovery_code_key, totp_key
from limen.core.errors import FactorInvalid, UserNotFound
from limen.core.factors.model import RecoveryCode, Totp
from limen.core.ids import TotpId, UserId
from limen.ports.factors import RecoveryCodes, Totps


class JsonTotps(Repository):
    """See `limen.ports.factors`."""

    async def put(self, totp: Totp) -> None:
        tables = await self._desk.write()
        if totp.user_id not in tables.users:
            raise UserNotFound
        tables.totps.put(totp)

    async def find(self, user_id: UserId) -> Totp | None:
        return (await self._desk.read()).totps.get(totp_key(user_id, is_confirmed=True))

    async def find_waiting(self, user_id: UserId) -> Totp | None:
        return (await self._desk.read()).totps.get(totp_key(user_id, is_confirmed=False))

    async def confirm(self, totp_id: TotpId, step: int, now: datetime) -> None:
        tables = await self._desk.write()
        totp = _find(tables, totp_id)
        if totp is None or not totp.waits(now):
            raise FactorInvalid
        tables.totps.remove(totp_key(totp.user_id, is_confirmed=False))
        tables.totps.put(totp.confirmed(step, now))

    async def use(self, totp_id: TotpId, step: int) -> None:
        tables = await self._desk.write()
        totp = _find(tables, totp_id)
        if totp is None or totp.confirmed_at is None or totp.last_step >= step:
            raise FactorInvalid
        tables.totps.put(replace(totp, last_step=step))

    async def reseal(self, totp_id: TotpId, sealed: bytes) -> None:
        tables = await self._desk.write()
        totp = _find(tables, totp_id)
        if totp is not None:
            tables.totps.put(replace(totp, sealed=sealed))

    async def remove(self, user_id: UserId) -> None:
        tables = await self._desk.write()
        tables.totps.remove_where(lambda totp: totp.user_id == user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.totps.remove_where(lambda totp: _has_waited(totp, before), limit))


class JsonRecoveryCodes(Repository):
    """See `limen.ports.factors`."""

    async def replace(self, user_id: UserId, codes: Sequence[RecoveryCode]) -> None:
        tables = await self._desk.write()
        if user_id not in tables.users:
            raise UserNotFound
        tables.recovery_codes.remove_where(lambda code: code.user_id == user_id)
        for code in codes:
            tables.recovery_codes.put(code)

    async def list(self, user_id: UserId) -> tuple[RecoveryCode, ...]:
        found = (await self._desk.read()).recovery_codes.where(user_id=user_id)
        return tuple(sorted(found, key=lambda code: code.digest))

    async def consume(self, user_id: UserId, digest: bytes) -> None:
        tables = await self._desk.write()
        key = recovery_code_key(user_id, digest)
        if key not in tables.recovery_codes:
            raise FactorInvalid
        tables.recovery_codes.remove(key)

    async def remove(self, user_id: UserId) -> None:
        tables = await self._desk.write()
        tables.recovery_codes.remove_where(lambda code: code.user_id == user_id)


def _find(tables: Tables, totp_id: TotpId) -> Totp | None:
    return next(tables.totps.where(id=totp_id), None)


def _has_waited(totp: Totp, before: datetime) -> bool:
    return totp.expires_at is not None and totp.expires_at < before


_conforms: tuple[type[Totps], type[RecoveryCodes]] = (JsonTotps, JsonRecoveryCodes)
