"""Faults about second factors; only sequences show them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.factors import MemoryRecoveryCodes, MemoryTotps
from limen.adapters.memory.sessions import MemorySessions
from limen.core.errors import FactorInvalid
from limen.core.factors import proving, service, totp
from limen.core.factors.model import Totp
from limen.core.factors.recovery_codes import make_recovery_codes
from limen.core.ids import TotpId, UserId
from limen.core.sessions.model import EndReason
from limen.testing.fakes import NOON
from tests.unit.testing.faults import fault

PROVING = proving.__name__
SERVICE = service.__name__
# When no code is ever made: it marks one that was used.
_USED = NOON - timedelta(days=1)


async def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


@fault("FactorMachine")
def a_code_is_good_as_long_as_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryTotps, "use", _nothing)


@fault("FactorMachine")
def an_earlier_code_is_good_after_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    find_step = totp.find_step

    def find_any(*about: Any, after: int) -> int | None:
        return find_step(*about, after=after - 2)

    async def use(self: MemoryTotps, totp_id: TotpId, step: int) -> None:
        rows = await self._desk.write()
        found = next(one for one in rows.totps.values() if one.id == totp_id)
        if found.last_step == step:
            raise FactorInvalid
        rows.totps.put(found.user_id, replace(found, last_step=step))

    monkeypatch.setattr("limen.core.factors.making.find_step", find_any)
    monkeypatch.setattr(MemoryTotps, "use", use)


@fault("FactorMachine")
def clocks_may_be_off_by_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totp, "_DRIFT", (-2, -1, 0, 1, 2))


@fault("FactorMachine")
def an_app_counts_before_its_first_code(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryTotps, user_id: UserId) -> Totp | None:
        rows = await self._desk.read()
        return rows.totps.get(user_id) or rows.waiting_totps.get(user_id)

    monkeypatch.setattr(MemoryTotps, "find", find)


@fault("FactorMachine")
def the_code_that_confirmed_an_app_is_good_again(monkeypatch: pytest.MonkeyPatch) -> None:
    confirm = MemoryTotps.confirm

    async def confirm_without_step(
        self: MemoryTotps, totp_id: TotpId, step: int, now: datetime
    ) -> None:
        await confirm(self, totp_id, step - 1, now)

    monkeypatch.setattr(MemoryTotps, "confirm", confirm_without_step)


@fault("FactorMachine")
def the_former_app_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    confirm = MemoryTotps.confirm

    async def confirm_the_first(
        self: MemoryTotps, totp_id: TotpId, step: int, now: datetime
    ) -> None:
        rows = await self._desk.write()
        before = dict(rows.totps.items())
        await confirm(self, totp_id, step, now)
        for user_id, former in before.items():
            rows.totps.put(user_id, former)

    monkeypatch.setattr(MemoryTotps, "confirm", confirm_the_first)


@fault("FactorMachine")
def a_secret_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Totp, "waits", lambda self, _now: self.expires_at is not None)


@fault("FactorMachine")
def a_recovery_code_is_good_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def consume(self: MemoryRecoveryCodes, user_id: UserId, digest: bytes) -> None:
        rows = await self._desk.write()
        codes = rows.recovery_codes.get(user_id) or ()
        found = [code for code in codes if code.digest == digest]
        if not found:
            raise FactorInvalid
        left = [code for code in codes if code.digest != digest]
        if found[0].made_at != _USED:
            left.append(replace(found[0], made_at=_USED))
        rows.recovery_codes.put(user_id, tuple(left))

    monkeypatch.setattr(MemoryRecoveryCodes, "consume", consume)


@fault("FactorMachine")
def recovery_codes_outlive_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{SERVICE}.remove_lonely_codes", _nothing)


@fault("FactorMachine")
def new_recovery_codes_come_with_every_app(monkeypatch: pytest.MonkeyPatch) -> None:
    async def make(uow: Any, entropy: Any, user_id: Any, _actor: Any, now: Any) -> Any:
        return await make_recovery_codes(uow, entropy, user_id, now)

    monkeypatch.setattr(f"{SERVICE}.first_codes", make)


@fault("FactorMachine")
def one_may_guess_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{PROVING}.charge", _nothing)


@fault("FactorMachine")
def guessing_at_one_factor_shuts_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{PROVING}.of_factor", lambda user_id, _kind: f"factor of {user_id}")


@fault("FactorMachine")
def a_good_code_forgives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{PROVING}.clear", _nothing)


@fault("FactorMachine")
def a_changed_factor_leaves_other_sessions_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    end = MemorySessions.end

    async def end_others(self: Any, user_id: Any, now: Any, reason: EndReason, **how: Any) -> Any:
        spared = reason is EndReason.FACTOR_CHANGED
        return () if spared else await end(self, user_id, now, reason, **how)

    monkeypatch.setattr(MemorySessions, "end", end_others)


@fault("FactorMachine")
def factors_change_long_after_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{SERVICE}.require_fresh", _nothing)


@fault("FactorMachine")
def a_reset_leaves_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryTotps, "remove", _nothing)
