"""What `limen.ports.passwords.Passwords` promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from limen.core.errors import ConcurrentUpdate
from limen.core.secret import Secret
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_credential, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON


class PasswordsContract(Contract):
    """Password credentials. Fixture: `unit_of_work`."""

    async def test_find_returns_the_credential_as_it_was_added(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        digest = "$2b$12$" + "x./A9" * 40
        await keep(unit_of_work, user, a_user(), credential := a_credential(user.id, digest=digest))
        await assert_kept(unit_of_work, credential)

    async def test_find_returns_none_without_a_credential(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        await keep(unit_of_work, user, other, a_credential(other.id))
        assert await look(unit_of_work, lambda view: view.passwords.find(user.id)) is None
        assert await look(unit_of_work, lambda view: view.passwords.find(a_user_id())) is None

    async def test_add_raises_concurrent_update_if_there_is_one_already(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        credential = a_credential(user.id)
        await keep(unit_of_work, user, credential)
        with pytest.raises(ConcurrentUpdate):
            await keep(unit_of_work, a_credential(user.id, digest="another"))
        await assert_kept(unit_of_work, credential)

    async def test_save_stores_every_changed_field(self, unit_of_work: UnitOfWorkFactory) -> None:
        user, other = a_user(), a_user()
        credential, untouched = a_credential(user.id), a_credential(other.id)
        await keep(unit_of_work, user, other, credential, untouched)
        when = NOON + timedelta(microseconds=1)
        changed = credential.changed(Secret("another"), when)
        await change(unit_of_work, lambda uow: uow.passwords.save(changed))
        await assert_kept(unit_of_work, changed, untouched)

    async def test_save_stores_since_when_it_must_be_reset_and_that_it_need_not(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        credential, untouched = a_credential(user.id), a_credential(other.id).marked(NOON)
        await keep(unit_of_work, user, other, credential, untouched)
        marked = credential.marked(NOON + timedelta(microseconds=1))
        await change(unit_of_work, lambda uow: uow.passwords.save(marked))
        await assert_kept(unit_of_work, marked, untouched)
        changed = marked.changed(Secret("another"), NOON + timedelta(days=1))
        await change(unit_of_work, lambda uow: uow.passwords.save(changed))
        await assert_kept(unit_of_work, changed, untouched)

    @pytest.mark.parametrize("version", [4, 5, 7, 1])
    async def test_save_raises_concurrent_update_unless_the_stored_version_is_one_less(
        self, unit_of_work: UnitOfWorkFactory, version: int
    ) -> None:
        user = a_user()
        credential = a_credential(user.id, version=5)
        await keep(unit_of_work, user, credential)
        late = replace(credential, digest=Secret("late"), version=version)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.passwords.save(late))
        await assert_kept(unit_of_work, credential)

    async def test_save_raises_concurrent_update_without_a_credential(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user)
        with pytest.raises(ConcurrentUpdate):
            await change(
                unit_of_work, lambda uow: uow.passwords.save(a_credential(user.id, version=2))
            )

    # --- remove ---

    async def test_remove_removes_the_credential_of_this_user_and_of_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user, other = a_user(), a_user()
        kept = a_credential(other.id)
        await keep(unit_of_work, user, other, a_credential(user.id, version=4), kept)
        await change(unit_of_work, lambda uow: uow.passwords.remove(user.id))
        assert await look(unit_of_work, lambda view: view.passwords.find(user.id)) is None
        await assert_kept(unit_of_work, user, kept)
        await keep(unit_of_work, first := a_credential(user.id))
        await assert_kept(unit_of_work, first)

    async def test_remove_does_nothing_without_a_credential(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, user := a_user())
        await change(unit_of_work, lambda uow: uow.passwords.remove(user.id))
        await change(unit_of_work, lambda uow: uow.passwords.remove(a_user_id()))
