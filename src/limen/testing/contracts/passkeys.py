"""What `limen.ports.passkeys.Passkeys` promises; many coming at once: `one_time`."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from limen.core.errors import ConcurrentUpdate, PasskeyNotFound, PasskeyTaken, UserNotFound
from limen.core.passkeys.model import Passkey
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON
from limen.testing.passkeys import a_passkey

LATER: Final = NOON + timedelta(minutes=1)
_LARGEST_COUNT: Final = 2**32 - 1


async def _kept(unit_of_work: UnitOfWorkFactory, *, sign_count: int = 0) -> Passkey:
    user = a_user()
    await keep(unit_of_work, user, passkey := a_passkey(user.id, sign_count=sign_count))
    return passkey


async def _use(unit_of_work: UnitOfWorkFactory, passkey: Passkey) -> bool:
    return await change(unit_of_work, lambda uow: uow.passkeys.use(passkey))


async def _save(unit_of_work: UnitOfWorkFactory, passkey: Passkey) -> None:
    await change(unit_of_work, lambda uow: uow.passkeys.save(passkey))


async def _find(unit_of_work: UnitOfWorkFactory, credential_id: bytes) -> Passkey | None:
    return await look(unit_of_work, lambda view: view.passkeys.find(credential_id))


async def _list(unit_of_work: UnitOfWorkFactory, passkey: Passkey) -> tuple[Passkey, ...]:
    return await look(unit_of_work, lambda view: view.passkeys.list(passkey.user_id))


class PasskeysContract(Contract):
    """Passkeys of people. Fixture: `unit_of_work`."""

    # --- add, list, find ---

    async def test_find_returns_a_passkey_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        full = a_passkey(
            user.id,
            name="Zoës Schlüssel 🔑",
            credential_id=b"\x00\xff" * 511,
            sign_count=_LARGEST_COUNT,
            transports=("internal", "hybrid"),
            is_backup_eligible=True,
            is_backed_up=True,
            last_used_at=NOON + timedelta(microseconds=1),
            version=3,
        )
        await keep(unit_of_work, user, full, bare := a_passkey(user.id))
        await assert_kept(unit_of_work, full, bare)

    async def test_find_returns_none_for_an_unknown_credential_id(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work)
        for unknown in (b"", b"unknown", passkey.credential_id[:-1]):
            assert await _find(unit_of_work, unknown) is None

    async def test_list_returns_the_passkeys_of_a_user_and_of_no_other_the_oldest_first(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        ids = b"c", b"b", b"a"
        first, second, third = (a_passkey(user.id, credential_id=one) for one in ids)
        await keep(unit_of_work, user, other, third, first, a_passkey(other.id), second)
        assert_same(await _list(unit_of_work, first), (first, second, third))
        assert await _list(unit_of_work, a_passkey(a_user_id())) == ()

    async def test_add_raises_passkey_taken_for_a_credential_id_that_anybody_has(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey, other = await _kept(unit_of_work), a_user()
        await keep(unit_of_work, other)
        for user_id in (other.id, passkey.user_id):
            again = a_passkey(user_id, credential_id=passkey.credential_id)
            with pytest.raises(PasskeyTaken):
                await keep(unit_of_work, again)
        await assert_kept(unit_of_work, passkey)

    async def test_add_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_passkey(a_user_id()))

    # --- save ---

    async def test_save_stores_the_name_over_the_version_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work)
        await keep(unit_of_work, other := a_passkey(passkey.user_id))
        renamed = passkey.renamed("Telephone")
        await _save(unit_of_work, renamed)
        await assert_kept(unit_of_work, renamed, other)

    async def test_save_leaves_a_use_meanwhile_as_it_is(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work, sign_count=1)
        await _use(unit_of_work, used := passkey.used(2, LATER, is_backed_up=True))
        await _save(unit_of_work, passkey.renamed("Telephone"))
        await assert_kept(unit_of_work, used.renamed("Telephone"))

    async def test_save_raises_concurrent_update_over_another_version(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work)
        for version in (1, 3):
            with pytest.raises(ConcurrentUpdate):
                await _save(unit_of_work, replace(passkey, version=version))
        await assert_kept(unit_of_work, passkey)

    async def test_save_raises_concurrent_update_for_a_passkey_that_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        gone = a_passkey((await _kept(unit_of_work)).user_id, version=2)
        with pytest.raises(ConcurrentUpdate):
            await _save(unit_of_work, gone)

    # --- use ---

    async def test_use_stores_counter_backup_state_and_time_and_nothing_else(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work, sign_count=4)
        await keep(unit_of_work, other := a_passkey(passkey.user_id))
        used = passkey.used(_LARGEST_COUNT, LATER, is_backed_up=True)
        told = await _use(
            unit_of_work, replace(used, name="Another", public_key=b"another", version=9)
        )
        assert told is True
        await assert_kept(unit_of_work, used, other)

    @pytest.mark.parametrize(
        ("before", "after", "may_follow"),
        [(0, 0, True), (0, 1, True), (1, 2, True), (1, 1, False), (2, 1, False), (1, 0, False)],
    )
    async def test_use_tells_whether_the_counter_may_follow(
        self, unit_of_work: UnitOfWorkFactory, before: int, after: int, *, may_follow: bool
    ) -> None:
        passkey = await _kept(unit_of_work, sign_count=before)
        used = passkey.used(after, LATER, is_backed_up=True)
        assert await _use(unit_of_work, used) is may_follow
        await assert_kept(unit_of_work, used if may_follow else passkey)

    async def test_use_of_a_passkey_that_is_gone_changes_nothing(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work)
        gone = a_passkey(passkey.user_id, sign_count=1, last_used_at=LATER)
        assert await _use(unit_of_work, gone) is False
        await assert_kept(unit_of_work, passkey)

    # --- remove ---

    async def test_remove_removes_this_passkey_and_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work)
        await keep(unit_of_work, other := a_passkey(passkey.user_id))
        await change(unit_of_work, lambda uow: uow.passkeys.remove(passkey.user_id, passkey.id))
        assert_same(await _list(unit_of_work, passkey), (other,))
        assert await _find(unit_of_work, passkey.credential_id) is None

    async def test_remove_raises_passkey_not_found_for_a_passkey_of_somebody_else(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey, other = await _kept(unit_of_work), await _kept(unit_of_work)
        with pytest.raises(PasskeyNotFound):
            await change(unit_of_work, lambda uow: uow.passkeys.remove(other.user_id, passkey.id))
        await assert_kept(unit_of_work, passkey, other)

    async def test_a_credential_id_is_free_again_once_its_passkey_is_removed(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey = await _kept(unit_of_work)
        await change(unit_of_work, lambda uow: uow.passkeys.remove(passkey.user_id, passkey.id))
        again = a_passkey(passkey.user_id, credential_id=passkey.credential_id)
        await keep(unit_of_work, again)
        await assert_kept(unit_of_work, again)
        await change(unit_of_work, lambda uow: uow.passkeys.remove_all(passkey.user_id))
        await keep(unit_of_work, again)
        await assert_kept(unit_of_work, again)

    async def test_remove_all_removes_the_passkeys_of_a_user_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        passkey, other = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, a_passkey(passkey.user_id))
        removed = [
            await change(unit_of_work, lambda uow: uow.passkeys.remove_all(passkey.user_id))
            for _ in range(2)
        ]
        assert removed == [2, 0]
        assert await _list(unit_of_work, passkey) == ()
        await assert_kept(unit_of_work, other)

    async def test_passkeys_go_with_their_user(self, unit_of_work: UnitOfWorkFactory) -> None:
        passkey, other = await _kept(unit_of_work), await _kept(unit_of_work)
        await change(unit_of_work, lambda uow: uow.users.remove(passkey.user_id))
        assert await _list(unit_of_work, passkey) == ()
        assert await _find(unit_of_work, passkey.credential_id) is None
        await assert_kept(unit_of_work, other)
