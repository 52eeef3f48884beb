"""What `limen.ports.factors` promises; many coming at once: `concurrency`, `one_time`."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from limen.core.errors import FactorInvalid, UserNotFound
from limen.core.factors.model import Totp
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_recovery_code, a_totp, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)
END: Final = NOON + timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)


async def _kept(unit_of_work: UnitOfWorkFactory, *, last_step: int | None = None) -> Totp:
    """Keep a secret that waits, or one that counts after `last_step`."""
    user = a_user()
    totp = a_totp(user.id, expires_at=END)
    if last_step is not None:
        totp = a_totp(user.id, confirmed_at=NOON, last_step=last_step)
    await keep(unit_of_work, user, totp)
    return totp


async def _confirm(unit_of_work: UnitOfWorkFactory, totp: Totp, now: datetime = NOON) -> None:
    await change(unit_of_work, lambda uow: uow.totps.confirm(totp.id, 7, now))


async def _use(unit_of_work: UnitOfWorkFactory, totp: Totp, step: int) -> None:
    await change(unit_of_work, lambda uow: uow.totps.use(totp.id, step))


async def _assert_gone(unit_of_work: UnitOfWorkFactory, totp: Totp) -> None:
    async with unit_of_work.view() as view:
        assert await view.totps.find(totp.user_id) is None
        assert await view.totps.find_waiting(totp.user_id) is None


class TotpsContract(Contract):
    """Secrets of authenticator apps. Fixture: `unit_of_work`."""

    # --- put, find, find_waiting ---

    async def test_find_waiting_returns_a_secret_as_it_was_put(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        totps = a_totp(user.id, sealed=b"\x00\xff" * 30), a_totp(other.id, expires_at=END + INSTANT)
        await keep(unit_of_work, user, other, *totps)
        await assert_kept(unit_of_work, *totps)

    async def test_find_returns_none_while_a_secret_waits(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        totp = await _kept(unit_of_work)
        assert await look(unit_of_work, lambda view: view.totps.find(totp.user_id)) is None

    async def test_find_and_find_waiting_return_none_for_somebody_without(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await _kept(unit_of_work)
        await _kept(unit_of_work, last_step=1)
        await _assert_gone(unit_of_work, a_totp(a_user_id()))

    async def test_put_replaces_the_secret_that_waits_and_not_the_one_that_counts(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        counting = await _kept(unit_of_work, last_step=5)
        earlier = a_totp(counting.user_id)
        later = a_totp(counting.user_id, sealed=b"later", expires_at=END + INSTANT)
        await keep(unit_of_work, earlier)
        await keep(unit_of_work, later)
        await assert_kept(unit_of_work, counting, later)
        with pytest.raises(FactorInvalid):
            await _confirm(unit_of_work, earlier)

    async def test_put_of_a_secret_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_totp(a_user_id()))

    # --- confirm ---

    async def test_confirm_lets_a_secret_count(self, unit_of_work: UnitOfWorkFactory) -> None:
        totp, other = await _kept(unit_of_work), await _kept(unit_of_work)
        await _confirm(unit_of_work, totp, END - INSTANT)
        await assert_kept(unit_of_work, totp.confirmed(7, END - INSTANT), other)
        waiting = await look(unit_of_work, lambda view: view.totps.find_waiting(totp.user_id))
        assert waiting is None

    async def test_confirm_takes_the_place_of_the_secret_that_counted(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        former = await _kept(unit_of_work, last_step=5)
        await keep(unit_of_work, totp := a_totp(former.user_id))
        await _confirm(unit_of_work, totp)
        await assert_kept(unit_of_work, totp.confirmed(7, NOON))
        with pytest.raises(FactorInvalid):
            await _use(unit_of_work, former, 8)

    async def test_confirm_raises_factor_invalid_once_a_secret_waited_too_long(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        former = await _kept(unit_of_work, last_step=5)
        await keep(unit_of_work, totp := a_totp(former.user_id, expires_at=END))
        with pytest.raises(FactorInvalid):
            await _confirm(unit_of_work, totp, END)
        await assert_kept(unit_of_work, totp, former)

    async def test_confirm_raises_factor_invalid_for_a_secret_that_counts_or_is_unknown(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        totp = await _kept(unit_of_work, last_step=5)
        for wrong in (totp, a_totp(totp.user_id)):
            with pytest.raises(FactorInvalid):
                await _confirm(unit_of_work, wrong)
        await assert_kept(unit_of_work, totp)

    # --- use ---

    async def test_use_takes_later_steps_alone(self, unit_of_work: UnitOfWorkFactory) -> None:
        totp, other = await _kept(unit_of_work, last_step=5), await _kept(unit_of_work, last_step=1)
        await _use(unit_of_work, totp, 6)
        await _use(unit_of_work, totp, 60_000_000)
        for used in (60_000_000, 59_999_999, 6):
            with pytest.raises(FactorInvalid):
                await _use(unit_of_work, totp, used)
        await assert_kept(unit_of_work, replace(totp, last_step=60_000_000), other)

    async def test_use_raises_factor_invalid_for_a_secret_that_waits_or_is_unknown(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        totp = await _kept(unit_of_work)
        for wrong in (totp, a_totp(a_user_id())):
            with pytest.raises(FactorInvalid):
                await _use(unit_of_work, wrong, 8)
        await assert_kept(unit_of_work, totp)

    # --- reseal ---

    async def test_reseal_changes_how_a_secret_is_sealed_and_nothing_else(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        totp, other = await _kept(unit_of_work, last_step=5), await _kept(unit_of_work, last_step=5)
        await change(unit_of_work, lambda uow: uow.totps.reseal(totp.id, b"anew"))
        await assert_kept(unit_of_work, replace(totp, sealed=b"anew"), other)

    async def test_reseal_of_an_unknown_secret_does_nothing(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        totp = await _kept(unit_of_work, last_step=5)
        unknown = a_totp(totp.user_id)
        await change(unit_of_work, lambda uow: uow.totps.reseal(unknown.id, b"anew"))
        await assert_kept(unit_of_work, totp)

    # --- remove, purge ---

    async def test_remove_removes_all_secrets_of_a_user_and_of_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        totp, other = await _kept(unit_of_work, last_step=5), await _kept(unit_of_work, last_step=5)
        await keep(unit_of_work, a_totp(totp.user_id), waiting := a_totp(other.user_id))
        await change(unit_of_work, lambda uow: uow.totps.remove(totp.user_id))
        await _assert_gone(unit_of_work, totp)
        await assert_kept(unit_of_work, other, waiting)

    async def test_secrets_go_with_their_user(self, unit_of_work: UnitOfWorkFactory) -> None:
        totp = await _kept(unit_of_work, last_step=5)
        await keep(unit_of_work, a_totp(totp.user_id))
        await change(unit_of_work, lambda uow: uow.users.remove(totp.user_id))
        await _assert_gone(unit_of_work, totp)

    async def test_purge_removes_what_waited_until_before_and_nothing_that_counts(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        over, counting = await _kept(unit_of_work), await _kept(unit_of_work, last_step=5)
        await keep(unit_of_work, still := a_totp(counting.user_id, expires_at=END + INSTANT))
        await keep(unit_of_work, user := a_user(), last := a_totp(user.id, expires_at=END + HOUR))
        later = END + INSTANT
        assert await change(unit_of_work, lambda uow: uow.totps.purge(later, 100)) == 1
        await _assert_gone(unit_of_work, over)
        await assert_kept(unit_of_work, counting, still, last)

    async def test_purge_removes_at_most_limit_of_the_secrets_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        for _ in range(5):
            await _kept(unit_of_work)
        after = END + INSTANT
        removed = [
            await change(unit_of_work, lambda uow: uow.totps.purge(after, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]


class RecoveryCodesContract(Contract):
    """Recovery codes. Fixture: `unit_of_work`."""

    async def test_list_returns_the_codes_of_a_user_by_digest(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        digests = [b"\xff" * 32, b"\x00" * 32, b"a" * 32]
        codes = [a_recovery_code(user.id, digest=digest) for digest in digests]
        same = a_recovery_code(other.id, digest=digests[0])
        await keep(unit_of_work, user, other, same)
        await change(unit_of_work, lambda uow: uow.recovery_codes.replace(user.id, codes))
        found = await look(unit_of_work, lambda view: view.recovery_codes.list(user.id))
        assert_same(found, (codes[1], codes[2], codes[0]))
        await assert_kept(unit_of_work, same)

    async def test_list_returns_nothing_for_somebody_without(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        assert await look(unit_of_work, lambda view: view.recovery_codes.list(a_user_id())) == ()

    async def test_replace_leaves_none_of_the_earlier_codes_of_this_user(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        earlier, kept = a_recovery_code(user.id), a_recovery_code(user.id)
        others = a_recovery_code(other.id)
        await keep(unit_of_work, user, other, earlier, others)
        later = [kept, a_recovery_code(user.id)]
        await change(unit_of_work, lambda uow: uow.recovery_codes.replace(user.id, later))
        found = await look(unit_of_work, lambda view: view.recovery_codes.list(user.id))
        assert set(found) == set(later)
        await assert_kept(unit_of_work, others)

    async def test_replace_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_recovery_code(a_user_id()))

    async def test_consume_uses_up_this_code_of_this_user_alone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        code, left = a_recovery_code(user.id), a_recovery_code(user.id)
        same = a_recovery_code(other.id, digest=code.digest)
        await keep(unit_of_work, user, other, code, left, same)
        await change(unit_of_work, lambda uow: uow.recovery_codes.consume(user.id, code.digest))
        found = await look(unit_of_work, lambda view: view.recovery_codes.list(user.id))
        assert_same(found, (left,))
        await assert_kept(unit_of_work, same)

    async def test_consume_raises_factor_invalid_the_second_time_and_for_an_unknown_code(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        code, others = a_recovery_code(user.id), a_recovery_code(other.id)
        await keep(unit_of_work, user, other, code, others)
        await change(unit_of_work, lambda uow: uow.recovery_codes.consume(user.id, code.digest))
        wrong = (user.id, code.digest), (user.id, others.digest), (a_user_id(), code.digest)
        for user_id, digest in wrong:
            with pytest.raises(FactorInvalid):
                async with unit_of_work() as uow:
                    await uow.recovery_codes.consume(user_id, digest)
        await assert_kept(unit_of_work, others)

    async def test_remove_removes_the_codes_of_this_user_and_of_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        code, kept = a_recovery_code(user.id), a_recovery_code(other.id)
        await keep(unit_of_work, user, other, code, kept)
        await change(unit_of_work, lambda uow: uow.recovery_codes.remove(user.id))
        assert await look(unit_of_work, lambda view: view.recovery_codes.list(user.id)) == ()
        await assert_kept(unit_of_work, kept)

    async def test_codes_go_with_their_user(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        await keep(unit_of_work, user, a_recovery_code(user.id))
        await change(unit_of_work, lambda uow: uow.users.remove(user.id))
        assert await look(unit_of_work, lambda view: view.recovery_codes.list(user.id)) == ()
