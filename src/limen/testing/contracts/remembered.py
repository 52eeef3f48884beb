"""What `limen.ports.remembered.RememberedBrowsers` promises; many at once: `one_time`."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.remembered.model import Remembered
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_remembered, a_session_id, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON

INSTANT: Final = timedelta(microseconds=1)
END: Final = NOON + timedelta(days=30)
MOST: Final = 200


async def _kept(unit_of_work: UnitOfWorkFactory) -> Remembered:
    """Store a user and a browser of theirs with every field filled."""
    user = a_user()
    remembered = a_remembered(
        user.id,
        previous_digest=b"p" * 32,
        label="Zoë's phone 📱",
        address="2001:db8::1",
        user_agent="Mozilla/5.0 (日本)",
    )
    await keep(unit_of_work, user, remembered)
    return remembered


async def _find(unit_of_work: UnitOfWorkFactory, remembered: Remembered) -> Remembered | None:
    return await look(unit_of_work, lambda view: view.remembered.find(remembered.id))


class RememberedContract(Contract):
    """Browsers that are remembered. Fixture: `unit_of_work`."""

    async def test_find_returns_one_as_it_was_added(self, unit_of_work: UnitOfWorkFactory) -> None:
        remembered = await _kept(unit_of_work)
        bare = a_remembered(remembered.user_id, expires_at=NOON - INSTANT)
        await keep(unit_of_work, bare)
        await assert_kept(unit_of_work, remembered, bare)

    async def test_find_returns_none_for_an_unknown_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        await _kept(unit_of_work)
        assert await _find(unit_of_work, a_remembered(a_user_id())) is None

    async def test_add_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_remembered(a_user_id()))

    async def test_list_returns_those_of_the_user_the_last_used_first(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        first, _ = await _kept(unit_of_work), await _kept(unit_of_work)
        last = a_remembered(first.user_id, used_at=NOON + INSTANT)
        old = a_remembered(first.user_id, used_at=NOON - INSTANT)
        await keep(unit_of_work, old, last)
        found = await look(unit_of_work, lambda view: view.remembered.list(first.user_id))
        assert_same(found, (last, first, old))

    async def test_list_returns_at_most_200(self, unit_of_work: UnitOfWorkFactory) -> None:
        user = a_user()
        many = [a_remembered(user.id, used_at=NOON + n * INSTANT) for n in range(MOST + 1)]
        await keep(unit_of_work, user, *many)
        found = await look(unit_of_work, lambda view: view.remembered.list(user.id))
        assert_same(found, tuple(reversed(many[1:])))

    async def test_renew_stores_what_a_use_changes(self, unit_of_work: UnitOfWorkFactory) -> None:
        remembered = await _kept(unit_of_work)
        same = replace(a_remembered(remembered.user_id), digest=remembered.digest)
        await keep(unit_of_work, same)
        used = remembered.renewed(b"next", a_session_id(), NOON + INSTANT)
        await change(unit_of_work, lambda uow: uow.remembered.renew(used))
        await assert_kept(unit_of_work, used, same)

    async def test_renew_raises_concurrent_update_for_what_was_used(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        remembered = await _kept(unit_of_work)
        used = remembered.renewed(b"next", a_session_id(), NOON + INSTANT)
        await change(unit_of_work, lambda uow: uow.remembered.renew(used))
        again = remembered.renewed(b"other", a_session_id(), NOON + INSTANT)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.remembered.renew(again))
        await assert_kept(unit_of_work, used)

    async def test_renew_raises_concurrent_update_for_what_was_forgotten(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        remembered = replace(await _kept(unit_of_work), previous_digest=None)
        await change(unit_of_work, lambda uow: uow.remembered.remove(remembered.user_id))
        used = remembered.renewed(b"next", a_session_id(), NOON + INSTANT)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.remembered.renew(used))

    async def test_remove_removes_those_of_this_user_alone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        remembered, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, other := a_remembered(remembered.user_id))
        user_id = remembered.user_id
        assert await change(unit_of_work, lambda uow: uow.remembered.remove(user_id)) == 2
        assert await change(unit_of_work, lambda uow: uow.remembered.remove(user_id)) == 0
        assert await _find(unit_of_work, remembered) is None
        assert await _find(unit_of_work, other) is None
        await assert_kept(unit_of_work, theirs)

    async def test_remove_only_one_takes_no_other_and_none_of_somebody_else(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        remembered, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await keep(unit_of_work, other := a_remembered(remembered.user_id))
        only = remembered.id
        removed = [
            await change(
                unit_of_work, lambda uow: uow.remembered.remove(theirs.user_id, only=only)
            ),
            await change(
                unit_of_work, lambda uow: uow.remembered.remove(remembered.user_id, only=only)
            ),
        ]
        assert removed == [0, 1]
        assert await _find(unit_of_work, remembered) is None
        await assert_kept(unit_of_work, other, theirs)

    async def test_remove_keeps_that_of_a_session(self, unit_of_work: UnitOfWorkFactory) -> None:
        remembered = await _kept(unit_of_work)
        await keep(unit_of_work, other := a_remembered(remembered.user_id))
        kept = remembered.session_id
        removed = await change(
            unit_of_work, lambda uow: uow.remembered.remove(remembered.user_id, keep=kept)
        )
        assert removed == 1
        assert await _find(unit_of_work, other) is None
        await assert_kept(unit_of_work, remembered)

    async def test_remembered_browsers_go_with_their_user(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        remembered, theirs = await _kept(unit_of_work), await _kept(unit_of_work)
        await change(unit_of_work, lambda uow: uow.users.remove(remembered.user_id))
        assert await _find(unit_of_work, remembered) is None
        await assert_kept(unit_of_work, theirs)

    async def test_purge_removes_what_was_over_before(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        live = await _kept(unit_of_work)
        await keep(unit_of_work, over := a_remembered(live.user_id, expires_at=END - INSTANT))
        await keep(unit_of_work, later := a_remembered(live.user_id, expires_at=END + INSTANT))
        assert await change(unit_of_work, lambda uow: uow.remembered.purge(END, 100)) == 1
        assert await _find(unit_of_work, over) is None
        await assert_kept(unit_of_work, live, later)

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, *(a_remembered(user.id) for _ in range(5)))
        after = END + INSTANT
        removed = [
            await change(unit_of_work, lambda uow: uow.remembered.purge(after, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
