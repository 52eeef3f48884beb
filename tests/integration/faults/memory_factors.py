"""Second factors in memory, broken on purpose."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.factors import MemoryRecoveryCodes, MemoryTotps
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import FactorInvalid
from limen.core.factors.model import RecoveryCode, Totp
from limen.core.ids import TotpId, UserId
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_losses import lose
from tests.integration.faults.memory_mail import INSTANT

fault = faults_of("memory")


# --- secrets of authenticator apps ---------------------------------------------------------------


@fault("TestTotps::test_find_waiting_returns_a_secret_as_it_was_put")
def a_secret_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryTotps, "put", sealed=b"")


@fault("TestTotps::test_find_returns_none_while_a_secret_waits")
def an_app_counts_before_its_first_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryTotps, "find", MemoryTotps.find_waiting)


@fault("TestTotps::test_find_and_find_waiting_return_none_for_somebody_without")
def everybody_has_the_app_of_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryTotps, _user_id: UserId) -> Totp | None:
        return next(iter((await self._desk.read()).totps.values()), None)

    monkeypatch.setattr(MemoryTotps, "find", find)


def put_otherwise(monkeypatch: pytest.MonkeyPatch, put: Any) -> None:
    """Let a new secret be stored by another rule."""

    async def put_it(self: MemoryTotps, totp: Totp) -> None:
        put(await self._desk.write(), totp)

    monkeypatch.setattr(MemoryTotps, "put", put_it)


@fault("TestTotps::test_put_of_a_secret_raises_user_not_found_for_somebody_who_is_gone")
def a_secret_is_stored_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    put_otherwise(monkeypatch, lambda rows, totp: rows.waiting_totps.put(totp.user_id, totp))


@fault(
    "TestTotps::test_put_replaces_the_secret_that_waits_and_not_the_one_that_counts",
    "TestConcurrency::test_of_many_new_secrets_one_waits",
)
def an_earlier_secret_stays_good(monkeypatch: pytest.MonkeyPatch) -> None:
    put_otherwise(monkeypatch, lambda rows, totp: rows.waiting_totps.put(totp.id, totp))


def confirm_otherwise(monkeypatch: pytest.MonkeyPatch, confirm: Any) -> None:
    """Let secrets be confirmed by another rule."""

    async def confirm_it(self: MemoryTotps, totp_id: TotpId, step: int, now: datetime) -> None:
        rows = await self._desk.write()
        for totp in [*rows.waiting_totps.values(), *rows.totps.values()]:
            if totp.id == totp_id:
                confirm(rows, totp, step, now)

    monkeypatch.setattr(MemoryTotps, "confirm", confirm_it)


@fault(
    "TestTotps::test_confirm_raises_factor_invalid_for_a_secret_that_counts_or_is_unknown",
    "TestConcurrency::test_of_many_who_confirm_one_secret_one_wins",
)
def a_secret_is_confirmed_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def confirm(rows: Any, totp: Totp, step: int, now: datetime) -> None:
        rows.waiting_totps.pop(totp.user_id)
        rows.totps.put(totp.user_id, totp.confirmed(step, now))

    confirm_otherwise(monkeypatch, confirm)


@fault("TestTotps::test_confirm_lets_a_secret_count")
def a_secret_that_counts_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def confirm(rows: Any, totp: Totp, step: int, now: datetime) -> None:
        rows.totps.put(totp.user_id, totp.confirmed(step, now))

    confirm_otherwise(monkeypatch, confirm)


@fault("TestTotps::test_confirm_takes_the_place_of_the_secret_that_counted")
def the_former_app_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def confirm(rows: Any, totp: Totp, step: int, now: datetime) -> None:
        rows.waiting_totps.pop(totp.user_id)
        if totp.user_id not in rows.totps:
            rows.totps.put(totp.user_id, totp.confirmed(step, now))

    confirm_otherwise(monkeypatch, confirm)


@fault("TestTotps::test_confirm_raises_factor_invalid_once_a_secret_waited_too_long")
def a_secret_waits_an_instant_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    confirm = MemoryTotps.confirm

    async def confirm_late(self: MemoryTotps, totp_id: TotpId, step: int, now: datetime) -> None:
        await confirm(self, totp_id, step, now - INSTANT)

    monkeypatch.setattr(MemoryTotps, "confirm", confirm_late)


@fault(
    "TestTotps::test_use_takes_later_steps_alone",
    "TestOneTime::test_of_many_who_use_one_time_step_one_wins",
)
def a_code_is_good_as_long_as_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    use = MemoryTotps.use

    async def use_again(self: MemoryTotps, totp_id: TotpId, step: int) -> None:
        rows = await self._desk.write()
        for totp in list(rows.totps.values()):
            if totp.id == totp_id and totp.last_step == step:
                return
        await use(self, totp_id, step)

    monkeypatch.setattr(MemoryTotps, "use", use_again)


@fault("TestTotps::test_use_raises_factor_invalid_for_a_secret_that_waits_or_is_unknown")
def the_code_of_an_unknown_app_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryTotps, "use")


@fault("TestTotps::test_reseal_changes_how_a_secret_is_sealed_and_nothing_else")
def a_secret_stays_under_the_former_key(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryTotps, "reseal")


@fault("TestTotps::test_reseal_of_an_unknown_secret_does_nothing")
def only_what_is_there_can_be_sealed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    reseal = MemoryTotps.reseal

    async def reseal_what_is_there(self: MemoryTotps, totp_id: TotpId, sealed: bytes) -> None:
        rows = await self._desk.write()
        if all(totp.id != totp_id for totp in rows.totps.values()):
            raise FactorInvalid
        await reseal(self, totp_id, sealed)

    monkeypatch.setattr(MemoryTotps, "reseal", reseal_what_is_there)


@fault("TestTotps::test_remove_removes_all_secrets_of_a_user_and_of_no_other")
def a_secret_that_waits_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryTotps, user_id: UserId) -> None:
        (await self._desk.write()).totps.pop(user_id)

    monkeypatch.setattr(MemoryTotps, "remove", remove)


@fault(
    "TestTotps::test_secrets_go_with_their_user",
    "TestRecoveryCodes::test_codes_go_with_their_user",
)
def the_factors_of_who_is_gone_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def keep_factors(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        tables = (rows.totps, rows.waiting_totps, rows.recovery_codes)
        kept: list[tuple[Any, Any]] = [(table, table.get(user_id)) for table in tables]
        await remove(self, user_id)
        for table, row in kept:
            if row is not None:
                table.put(user_id, row)

    monkeypatch.setattr(MemoryUsers, "remove", keep_factors)


@fault("TestTotps::test_purge_removes_what_waited_until_before_and_nothing_that_counts")
def a_secret_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemoryTotps.purge

    async def purge_too_much(self: MemoryTotps, before: datetime, limit: int) -> int:
        return await purge(self, before + INSTANT, limit)

    monkeypatch.setattr(MemoryTotps, "purge", purge_too_much)


@fault("TestTotps::test_purge_removes_at_most_limit_of_the_secrets_and_tells_how_many")
def all_secrets_are_purged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryTotps)


# --- recovery codes ------------------------------------------------------------------------------


@fault("TestRecoveryCodes::test_list_returns_the_codes_of_a_user_by_digest")
def codes_come_as_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    list_ = MemoryRecoveryCodes.list

    async def list_backwards(
        self: MemoryRecoveryCodes, user_id: UserId
    ) -> tuple[RecoveryCode, ...]:
        return (await list_(self, user_id))[::-1]

    monkeypatch.setattr(MemoryRecoveryCodes, "list", list_backwards)


@fault("TestRecoveryCodes::test_list_returns_nothing_for_somebody_without")
def a_user_without_codes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def list_(self: MemoryRecoveryCodes, user_id: UserId) -> tuple[RecoveryCode, ...]:
        codes = (await self._desk.read()).recovery_codes.get(user_id)
        if codes is None:
            raise FactorInvalid
        return codes

    monkeypatch.setattr(MemoryRecoveryCodes, "list", list_)


@fault(
    "TestRecoveryCodes::test_replace_leaves_none_of_the_earlier_codes_of_this_user",
    "TestRecoveryCodes::test_replace_raises_user_not_found_for_somebody_who_is_gone",
    "TestConcurrency::test_of_many_who_replace_the_recovery_codes_the_codes_of_one_are_left",
)
def earlier_codes_stay_good(monkeypatch: pytest.MonkeyPatch) -> None:
    async def add(
        self: MemoryRecoveryCodes, user_id: UserId, codes: Sequence[RecoveryCode]
    ) -> None:
        rows = await self._desk.write()
        earlier = rows.recovery_codes.get(user_id) or ()
        rows.recovery_codes.put(user_id, (*earlier, *codes))

    monkeypatch.setattr(MemoryRecoveryCodes, "replace", add)


@fault(
    "TestRecoveryCodes::test_consume_uses_up_this_code_of_this_user_alone",
    "TestRecoveryCodes::test_consume_raises_factor_invalid_the_second_time_and_for_an_unknown_code",
    "TestOneTime::test_of_many_who_use_one_recovery_code_one_wins",
)
def a_recovery_code_is_good_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryRecoveryCodes, "consume")


@fault("TestRecoveryCodes::test_remove_removes_the_codes_of_this_user_and_of_no_other")
def codes_outlive_their_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryRecoveryCodes, "remove")
