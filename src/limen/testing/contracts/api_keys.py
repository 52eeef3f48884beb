"""What `limen.ports.api_keys.ApiKeys` promises; many coming at once: `concurrency`."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, cast

import pytest

from limen.core.api_keys.model import ApiKey, ApiKeyEnd
from limen.core.errors import ConcurrentUpdate, UserNotFound
from limen.core.ids import ApiKeyId
from limen.core.users.model import Json
from limen.ports.api_keys import OwnedKey
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_full_user, a_user, a_user_id
from limen.testing.contract import Contract
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import assert_kept, change, keep, look
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_full_key, a_key

INSTANT: Final = timedelta(microseconds=1)
END: Final = NOON + timedelta(hours=1)


async def _kept(unit_of_work: UnitOfWorkFactory, count: int = 1) -> list[ApiKey]:
    """Keep that many keys of one user, the oldest first."""
    user = a_user()
    keys = [a_key(user.id) for _ in range(count)]
    await keep(unit_of_work, user, *keys)
    return keys


async def _find(unit_of_work: UnitOfWorkFactory, key_id: ApiKeyId) -> OwnedKey | None:
    return await look(unit_of_work, lambda view: view.api_keys.find(key_id))


async def _use(
    unit_of_work: UnitOfWorkFactory, key: ApiKey, now: datetime, unless_since: datetime
) -> None:
    await change(unit_of_work, lambda uow: uow.api_keys.use(key.id, now, unless_since))


class ApiKeysContract(Contract):
    """API keys. Fixture: `unit_of_work`."""

    # --- add, find ---

    async def test_find_returns_a_key_as_it_was_added_and_its_owner(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        owner, other = a_full_user(), a_user()
        full, bare = a_full_key(owner.id), a_key(other.id)
        await keep(unit_of_work, owner, other, full, bare)
        assert_same(await _find(unit_of_work, full.id), OwnedKey(key=full, owner=owner))
        assert_same(await _find(unit_of_work, bare.id), OwnedKey(key=bare, owner=other))

    async def test_what_happens_to_an_owner_found_does_not_reach_the_store(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        owner = a_user(attributes={"teams": ["red"]})
        await keep(unit_of_work, owner, key := a_key(owner.id))
        for _ in range(2):
            found = await _find(unit_of_work, key.id)
            assert found is not None
            teams = cast("list[Json]", found.owner.attributes["teams"])
            assert teams == ["red"]
            teams.append("green")

    async def test_find_returns_none_for_an_unknown_key(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        (key,) = await _kept(unit_of_work)
        assert await _find(unit_of_work, a_key(key.owner_id).id) is None

    async def test_add_raises_user_not_found_for_somebody_who_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        with pytest.raises(UserNotFound):
            await keep(unit_of_work, a_key(a_user_id()))

    async def test_keys_go_with_their_owner(self, unit_of_work: UnitOfWorkFactory) -> None:
        (key,), (other,) = await _kept(unit_of_work), await _kept(unit_of_work)
        await change(unit_of_work, lambda uow: uow.users.remove(key.owner_id))
        assert await _find(unit_of_work, key.id) is None
        await assert_kept(unit_of_work, other)

    # --- list, count ---

    async def test_list_returns_the_keys_of_one_user_newest_first_and_goes_on_before_one(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        owner = a_user()
        digests = [bytes([9 - n] * 32) for n in range(3)]
        keys = [replace(a_key(owner.id), name=f"{d[0]}", digest=d) for d in digests]
        await keep(unit_of_work, owner, *keys)
        await _kept(unit_of_work)
        owner_id, newest = owner.id, keys[::-1]
        async with unit_of_work.view() as view:
            assert_same(await view.api_keys.list(owner_id), tuple(newest))
            assert_same(await view.api_keys.list(owner_id, limit=2), tuple(newest[:2]))
            rest = await view.api_keys.list(owner_id, before=newest[1].id, limit=2)
        assert_same(rest, (newest[2],))

    async def test_list_returns_100_keys_unless_asked_otherwise(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        keys = await _kept(unit_of_work, 101)
        found = await look(unit_of_work, lambda view: view.api_keys.list(keys[0].owner_id))
        assert_same(found, tuple(keys[:0:-1]))

    async def test_count_counts_those_that_hold_and_have_no_successor(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        (key,) = await _kept(unit_of_work)
        owner_id = key.owner_id
        await keep(
            unit_of_work,
            a_key(owner_id, expires_at=END),
            a_key(owner_id, ended_at=NOON),
            a_key(owner_id, successor_id=key.id),
        )
        await _kept(unit_of_work)
        async with unit_of_work.view() as view:
            assert await view.api_keys.count(owner_id, END - INSTANT) == 2
            assert await view.api_keys.count(owner_id, END) == 1

    async def test_count_counts_those_that_hold_beside_their_successor(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        (key,) = await _kept(unit_of_work)
        owner_id = key.owner_id
        await keep(
            unit_of_work,
            a_key(owner_id, successor_id=key.id, expires_at=END),
            a_key(owner_id, successor_id=key.id, ended_at=NOON),
        )
        (other,) = await _kept(unit_of_work)
        await keep(unit_of_work, a_key(other.owner_id, successor_id=other.id))
        async with unit_of_work.view() as view:
            count = view.api_keys.count
            assert await count(owner_id, END - INSTANT, has_successor=True) == 1
            assert await count(owner_id, END, has_successor=True) == 0

    # --- save, use, end ---

    async def test_save_stores_the_next_version(self, unit_of_work: UnitOfWorkFactory) -> None:
        first, second = await _kept(unit_of_work, 2)
        changed = first.rotated(second, timedelta(hours=1), NOON)
        ended = second.ended(NOON + INSTANT, ApiKeyEnd.REPORTED)
        await change(unit_of_work, lambda uow: uow.api_keys.save(changed))
        await change(unit_of_work, lambda uow: uow.api_keys.save(ended))
        await assert_kept(unit_of_work, changed, ended)
        count = await look(unit_of_work, lambda view: view.api_keys.count(first.owner_id, NOON))
        assert count == 0

    @pytest.mark.parametrize("version", [1, 3])
    async def test_save_raises_concurrent_update_for_any_other_version(
        self, unit_of_work: UnitOfWorkFactory, version: int
    ) -> None:
        (key,) = await _kept(unit_of_work)
        changed = replace(key.ended(NOON, ApiKeyEnd.REVOKED), version=version)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.api_keys.save(changed))
        await assert_kept(unit_of_work, key)

    async def test_save_raises_concurrent_update_for_a_key_that_is_gone(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        (key,) = await _kept(unit_of_work)
        gone = replace(a_key(key.owner_id), version=2)
        with pytest.raises(ConcurrentUpdate):
            await change(unit_of_work, lambda uow: uow.api_keys.save(gone))

    async def test_save_leaves_the_last_use_as_it_is(self, unit_of_work: UnitOfWorkFactory) -> None:
        (key,) = await _kept(unit_of_work)
        await _use(unit_of_work, key, END, NOON)
        changed = key.ended(END, ApiKeyEnd.REVOKED)
        await change(unit_of_work, lambda uow: uow.api_keys.save(changed))
        await assert_kept(unit_of_work, replace(changed, last_used_at=END))

    async def test_use_stores_the_last_use_without_a_new_version(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        key, other = await _kept(unit_of_work, 2)
        await _use(unit_of_work, key, NOON, NOON - INSTANT)
        await _use(unit_of_work, key, END, NOON)
        await assert_kept(unit_of_work, replace(key, last_used_at=END), other)

    async def test_use_changes_nothing_after_a_later_use_and_for_an_unknown_key(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        (key,) = await _kept(unit_of_work)
        await _use(unit_of_work, key, NOON, NOON - INSTANT)
        for now in (END, END + timedelta(days=999)):
            await _use(unit_of_work, key, now, NOON - INSTANT)
            await _use(unit_of_work, key, now, NOON - timedelta(days=999))
        await _use(unit_of_work, a_key(key.owner_id), NOON, NOON)
        await assert_kept(unit_of_work, replace(key, last_used_at=NOON))

    async def test_end_ends_every_key_of_a_user_that_holds_and_of_no_other(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        live, other = (await _kept(unit_of_work))[0], (await _kept(unit_of_work))[0]
        dated = a_key(live.owner_id, expires_at=END + INSTANT)
        expired = a_key(live.owner_id, expires_at=END)
        revoked = a_key(live.owner_id, ended_at=NOON)
        await keep(unit_of_work, dated, expired, revoked)
        reason = ApiKeyEnd.TAKEN_OVER
        await change(unit_of_work, lambda uow: uow.api_keys.end(live.owner_id, END, reason))
        await assert_kept(unit_of_work, live.ended(END, reason), dated.ended(END, reason))
        await assert_kept(unit_of_work, expired, revoked, other)

    # --- purge ---

    async def test_purge_removes_what_was_over_before_and_nothing_that_holds(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        (live,) = await _kept(unit_of_work)
        owner_id = live.owner_id
        kept = [
            a_key(owner_id, expires_at=END),
            a_key(owner_id, expires_at=END + INSTANT),
            a_key(owner_id, expires_at=END + INSTANT, ended_at=END),
            a_key(owner_id, ended_at=END),
            a_key(owner_id, ended_at=END + INSTANT),
        ]
        over = [
            a_key(owner_id, expires_at=END - INSTANT),
            a_key(owner_id, ended_at=END - INSTANT),
            a_key(owner_id, expires_at=END + INSTANT, ended_at=END - INSTANT),
        ]
        await keep(unit_of_work, *kept, *over)
        assert await change(unit_of_work, lambda uow: uow.api_keys.purge(END, 100)) == len(over)
        await assert_kept(unit_of_work, live, *kept)
        assert [await _find(unit_of_work, key.id) for key in over] == [None] * len(over)

    async def test_purge_removes_at_most_limit_and_tells_how_many(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        user = a_user()
        await keep(unit_of_work, user, *(a_key(user.id, expires_at=NOON) for _ in range(5)))
        removed = [
            await change(unit_of_work, lambda uow: uow.api_keys.purge(END, 2)) for _ in range(4)
        ]
        assert removed == [2, 2, 1, 0]
