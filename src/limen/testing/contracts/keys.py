"""What `limen.ports.keys.SigningKeys` promises."""

from datetime import timedelta
from typing import Final

import pytest

from limen.core.errors import KeyTaken
from limen.core.keys.model import Algorithm
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_signing_key
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

MINUTE: Final = timedelta(minutes=1)
INSTANT: Final = timedelta(microseconds=1)


class SigningKeysContract(Contract):
    """Signing keys. Fixture: `unit_of_work`."""

    async def test_a_new_store_has_no_keys(self, unit_of_work: UnitOfWorkFactory) -> None:
        assert await look(unit_of_work, lambda view: view.keys.list()) == ()

    @pytest.mark.parametrize("algorithm", list(Algorithm))
    async def test_list_returns_keys_as_they_were_added(
        self, unit_of_work: UnitOfWorkFactory, algorithm: Algorithm
    ) -> None:
        key = a_signing_key(algorithm=algorithm, signs_from=NOON + INSTANT)
        await keep(unit_of_work, key)
        assert_same(await look(unit_of_work, lambda view: view.keys.list()), (key,))

    async def test_list_returns_the_oldest_first_by_the_instant_from_which_they_sign(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        new, old, middle = (
            a_signing_key(signs_from=NOON + MINUTE * minutes) for minutes in (5, 1, 3)
        )
        await keep(unit_of_work, new, old, middle)
        assert_same(await look(unit_of_work, lambda view: view.keys.list()), (old, middle, new))

    async def test_add_raises_key_taken_if_its_id_is_known(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        key = a_signing_key("known")
        await keep(unit_of_work, key)
        with pytest.raises(KeyTaken):
            await keep(unit_of_work, a_signing_key("known", signs_from=NOON + MINUTE))
        await assert_kept(unit_of_work, key)

    async def test_lock_is_there_for_every_unit_of_work(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        # That it makes others wait is a matter of concurrency.
        for _ in range(2):
            await change(unit_of_work, lambda uow: uow.keys.lock())

    # --- purge ---

    async def test_purge_removes_the_keys_that_were_replaced_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        keys = [a_signing_key(signs_from=NOON + MINUTE * minutes) for minutes in range(4)]
        await keep(unit_of_work, *keys)
        before = NOON + MINUTE * 2 + INSTANT
        assert await change(unit_of_work, lambda uow: uow.keys.purge(before)) == 2
        assert_same(await look(unit_of_work, lambda view: view.keys.list()), tuple(keys[2:]))

    async def test_purge_leaves_a_key_that_was_replaced_at_that_instant(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        keys = [a_signing_key(signs_from=NOON + MINUTE * minutes) for minutes in range(2)]
        await keep(unit_of_work, *keys)
        assert await change(unit_of_work, lambda uow: uow.keys.purge(NOON + MINUTE)) == 0
        await assert_kept(unit_of_work, *keys)

    async def test_purge_never_removes_the_key_that_signs(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        signing, announced = a_signing_key(), a_signing_key(signs_from=NOON + timedelta(days=9))
        await keep(unit_of_work, signing, announced)
        before = NOON + timedelta(days=1)
        assert await change(unit_of_work, lambda uow: uow.keys.purge(before)) == 0
        await assert_kept(unit_of_work, signing, announced)

    async def test_purge_keeps_one_of_several_keys_from_the_same_instant(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        first, second = a_signing_key("a"), a_signing_key("b")
        await keep(unit_of_work, second, first)
        before = NOON + timedelta(days=1)
        assert await change(unit_of_work, lambda uow: uow.keys.purge(before)) == 1
        assert_same(await look(unit_of_work, lambda view: view.keys.list()), (second,))
