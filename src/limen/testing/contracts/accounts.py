"""What `limen.ports.accounts.Accounts` promises."""

from datetime import timedelta

import pytest

from limen.core.errors import RoleNotFound, UserNotFound
from limen.core.ids import UserId
from limen.core.imports.model import ImportOutcome
from limen.core.roles.model import ADMIN
from limen.ports.accounts import Account
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_credential, a_full_user, a_grant, a_role, a_user, an_account
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

ADDED, EMAIL_TAKEN, USERNAME_TAKEN = (
    ImportOutcome.ADDED,
    ImportOutcome.EMAIL_TAKEN,
    ImportOutcome.USERNAME_TAKEN,
)


async def _add(unit_of_work: UnitOfWorkFactory, *accounts: Account) -> tuple[ImportOutcome, ...]:
    return await change(unit_of_work, lambda uow: uow.accounts.add(accounts))


class AccountsContract(Contract):
    """Many accounts at once. Fixture: `unit_of_work`."""

    # --- add ---

    async def test_add_adds_user_credential_and_grants(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_role("editor"))
        full, bare = an_account(a_full_user(), ADMIN, "editor"), Account(user=a_user())
        assert await _add(unit_of_work, full, bare) == (ADDED, ADDED)
        assert full.credential is not None
        await assert_kept(unit_of_work, full.user, full.credential, *full.grants, bare.user)
        assert await look(unit_of_work, lambda v: v.passwords.find(bare.user.id)) is None
        found = await look(unit_of_work, lambda view: view.users.find(full.user.email))
        assert_same(found, full.user)

    async def test_add_does_nothing_for_no_accounts(self, unit_of_work: UnitOfWorkFactory) -> None:
        assert await _add(unit_of_work) == ()

    async def test_add_leaves_out_what_is_taken_whole_and_adds_the_others(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        present = a_user(email="ada@example.org"), a_user(username="ada")
        await keep(unit_of_work, *present)
        batch = (
            an_account(a_user(), ADMIN),
            an_account(a_user(email="ADA@example.org"), ADMIN),
            an_account(a_user(username="Ada"), ADMIN),
            an_account(a_user(username="eve"), ADMIN),
        )
        assert await _add(unit_of_work, *batch) == (ADDED, EMAIL_TAKEN, USERNAME_TAKEN, ADDED)
        await assert_kept(unit_of_work, *present)
        async with unit_of_work.view() as view:
            for account in batch[1:3]:
                with pytest.raises(UserNotFound):
                    await view.users.get(account.user.id)
                assert await view.passwords.find(account.user.id) is None
                assert await view.grants.list(account.user.id) == ()
            for account in (batch[0], batch[3]):
                assert_same(await view.users.get(account.user.id), account.user)
                assert_same(await view.grants.list(account.user.id), account.grants)

    async def test_add_leaves_out_what_an_earlier_one_of_the_batch_took(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        batch = (
            an_account(a_user(email="ada@example.org", username="ada")),
            an_account(a_user(email="Ada@example.org", username="other")),
            an_account(a_user(username="ADA")),
            # The second was not added, so the name it wanted is free.
            an_account(a_user(username="other")),
        )
        outcomes = await _add(unit_of_work, *batch)
        assert outcomes == (ADDED, EMAIL_TAKEN, USERNAME_TAKEN, ADDED)
        await assert_kept(unit_of_work, batch[0].user, batch[3].user)

    async def test_add_tells_a_taken_address_first(self, unit_of_work: UnitOfWorkFactory) -> None:
        one = a_user(email="ada@example.org", username="ada")
        await keep(unit_of_work, one, a_user(email="eve@example.org", username="eve"))
        both = an_account(a_user(email="ada@example.org", username="ada"))
        crossed = an_account(a_user(email="eve@example.org", username="ada"))
        assert await _add(unit_of_work, both, crossed) == (EMAIL_TAKEN, EMAIL_TAKEN)

    async def test_add_raises_role_not_found(self, unit_of_work: UnitOfWorkFactory) -> None:
        good, wrong = an_account(), an_account(a_user(), "nobody-knows")
        with pytest.raises(RoleNotFound):
            await _add(unit_of_work, good, wrong)
        assert await look(unit_of_work, lambda view: view.accounts.list()) == ()

    async def test_the_unit_of_work_can_go_on_after_accounts_were_left_out(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_user(email="ada@example.org"))
        user = a_user()
        async with unit_of_work() as uow:
            taken = an_account(a_user(email="ada@example.org"))
            assert await uow.accounts.add([taken]) == (EMAIL_TAKEN,)
            await uow.users.add(user)
            await uow.commit()
        await assert_kept(unit_of_work, user)

    async def test_add_takes_a_batch_of_a_thousand(self, unit_of_work: UnitOfWorkFactory) -> None:
        batch = [an_account(a_user(), ADMIN) for _ in range(1000)]
        assert await _add(unit_of_work, *batch) == (ADDED,) * 1000
        again = [an_account(a_user(email=account.user.email.address)) for account in batch]
        assert await _add(unit_of_work, *again) == (EMAIL_TAKEN,) * 1000

    # --- list ---

    async def test_list_returns_whole_accounts_in_order_of_user_id(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await keep(unit_of_work, a_role("editor"))
        full, bare = an_account(a_full_user(), "editor", ADMIN), Account(user=a_user())
        user = a_user()
        ended = Account(user=user, grants=(a_grant(user.id, ends_at=NOON - timedelta(days=1)),))
        await _add(unit_of_work, ended, bare, full)
        found = await look(unit_of_work, lambda view: view.accounts.list())
        assert_same(found, (full, bare, ended))

    async def test_list_walks_through_all_accounts_a_batch_at_a_time(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        users = [a_user() for _ in range(7)]
        await keep(unit_of_work, *users, *(a_credential(user.id) for user in users))
        walked: list[Account] = []
        after: UserId | None = None
        for _ in range(len(users)):
            async with unit_of_work.view() as view:
                batch = await view.accounts.list(after=after, limit=3)
            if not batch:
                break
            assert len(batch) <= 3
            walked += batch
            after = batch[-1].user.id
        expected = [Account(user=user, credential=a_credential(user.id)) for user in users]
        assert_same(walked, expected)

    async def test_list_returns_500_accounts_unless_asked_otherwise(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await _add(unit_of_work, *(Account(user=a_user()) for _ in range(502)))
        assert len(await look(unit_of_work, lambda view: view.accounts.list())) == 500
        assert len(await look(unit_of_work, lambda view: view.accounts.list(limit=501))) == 501
