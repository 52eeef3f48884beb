"""Second factors in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.errors import FactorInvalid, UserNotFound
from limen.core.factors.model import RecoveryCode, Totp
from limen.core.ids import TotpId, UserId
from limen.ports.factors import RecoveryCodes, Totps


class MemoryTotps:
    """Keeps secrets by user, those that count and those that wait apart."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def put(self, totp: Totp) -> None:
        """Store a secret that waits, in place of any other of this user that waits."""
        rows = await self._desk.write()
        if totp.user_id not in rows.users:
            raise UserNotFound
        rows.waiting_totps.put(totp.user_id, totp)

    async def find(self, user_id: UserId) -> Totp | None:
        """Return the user's secret that counts."""
        return (await self._desk.read()).totps.get(user_id)

    async def find_waiting(self, user_id: UserId) -> Totp | None:
        """Return the user's secret that waits."""
        return (await self._desk.read()).waiting_totps.get(user_id)

    @changes
    async def confirm(self, totp_id: TotpId, step: int, now: datetime) -> None:
        """Let a secret that waits count, in place of the one that did."""
        rows = await self._desk.write()
        totp = next((t for t in rows.waiting_totps.values() if t.id == totp_id), None)
        if totp is None or not totp.waits(now):
            raise FactorInvalid
        rows.waiting_totps.pop(totp.user_id)
        rows.totps.put(totp.user_id, totp.confirmed(step, now))

    @changes
    async def use(self, totp_id: TotpId, step: int) -> None:
        """Use up the codes up to `step`; only who is first can."""
        rows = await self._desk.write()
        totp = _counting(rows, totp_id)
        if totp is None or totp.last_step >= step:
            raise FactorInvalid
        rows.totps.put(totp.user_id, replace(totp, last_step=step))

    @changes
    async def reseal(self, totp_id: TotpId, sealed: bytes) -> None:
        """Store the same secret sealed anew."""
        rows = await self._desk.write()
        totp = _counting(rows, totp_id)
        if totp is not None:
            rows.totps.put(totp.user_id, replace(totp, sealed=sealed))

    @changes
    async def remove(self, user_id: UserId) -> None:
        """Remove the secrets of a user."""
        rows = await self._desk.write()
        rows.totps.pop(user_id)
        rows.waiting_totps.pop(user_id)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` secrets that waited until before `before`."""
        rows = await self._desk.write()
        over = (t.user_id for t in rows.waiting_totps.values() if _has_waited(t, before))
        found = tuple(islice(over, limit))
        for user_id in found:
            rows.waiting_totps.pop(user_id)
        return len(found)


class MemoryRecoveryCodes:
    """Keeps codes by user and digest."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def replace(self, user_id: UserId, codes: Sequence[RecoveryCode]) -> None:
        """Store these codes in place of all others of this user."""
        rows = await self._desk.write()
        if user_id not in rows.users:
            raise UserNotFound
        rows.recovery_codes.put(user_id, tuple(sorted(codes, key=lambda code: code.digest)))

    async def list(self, user_id: UserId) -> tuple[RecoveryCode, ...]:
        """Return the codes of a user, by digest."""
        return (await self._desk.read()).recovery_codes.get(user_id) or ()

    @changes
    async def consume(self, user_id: UserId, digest: bytes) -> None:
        """Use a code up; only who is first can."""
        rows = await self._desk.write()
        codes = rows.recovery_codes.get(user_id) or ()
        left = tuple(code for code in codes if code.digest != digest)
        if len(left) == len(codes):
            raise FactorInvalid
        rows.recovery_codes.put(user_id, left)

    @changes
    async def remove(self, user_id: UserId) -> None:
        """Remove all codes of a user."""
        (await self._desk.write()).recovery_codes.pop(user_id)


def _counting(rows: Rows, totp_id: TotpId) -> Totp | None:
    return next((totp for totp in rows.totps.values() if totp.id == totp_id), None)


def _has_waited(totp: Totp, before: datetime) -> bool:
    return totp.expires_at is not None and totp.expires_at < before


_conforms: tuple[type[Totps], type[RecoveryCodes]] = (MemoryTotps, MemoryRecoveryCodes)
