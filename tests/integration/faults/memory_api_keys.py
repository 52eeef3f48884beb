"""API keys in memory, broken on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory import api_keys
from limen.adapters.memory.api_keys import MemoryApiKeys, keys_of
from limen.adapters.memory.grants import MemoryGrants
from limen.adapters.memory.users import MemoryUsers
from limen.core.actor import Actor
from limen.core.api_keys.model import ApiKey, ApiKeyEnd
from limen.core.ids import ApiKeyId, UserId
from limen.core.roles.model import ADMIN
from limen.ports.api_keys import OwnedKey
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_answers import do_nothing, purge_everything
from tests.integration.faults.memory_losses import lose
from tests.integration.faults.memory_mail import purge_early

fault = faults_of("memory")


@fault("TestApiKeys::test_find_returns_a_key_as_it_was_added_and_its_owner")
def a_key_loses_its_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryApiKeys, "add", scopes=frozenset())


@fault("TestApiKeys::test_find_returns_none_for_an_unknown_key")
def any_key_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryApiKeys, _key_id: ApiKeyId) -> OwnedKey | None:
        rows = await self._desk.read()
        key = next(rows.api_keys.values(), None)
        return None if key is None else OwnedKey(key=key, owner=rows.users[key.owner_id])

    monkeypatch.setattr(MemoryApiKeys, "find", find)


@fault("TestApiKeys::test_add_raises_user_not_found_for_somebody_who_is_gone")
def a_key_needs_no_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    async def add(self: MemoryApiKeys, key: ApiKey) -> None:
        (await self._desk.write()).api_keys.put(key.id, key)

    monkeypatch.setattr(MemoryApiKeys, "add", add)


@fault("TestApiKeys::test_keys_go_with_their_owner")
def the_keys_of_who_is_gone_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def keep_keys(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        kept, user = keys_of(rows, user_id), rows.users[user_id]
        await remove(self, user_id)
        rows.users.put(user_id, user)
        for key in kept:
            rows.api_keys.put(key.id, key)

    monkeypatch.setattr(MemoryUsers, "remove", keep_keys)


@fault("TestApiKeys::test_list_returns_the_keys_of_one_user_newest_first_and_goes_on_before_one")
def every_page_of_keys_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    list_ = MemoryApiKeys.list

    async def list_from_the_start(
        self: MemoryApiKeys, owner_id: UserId, **asked: Any
    ) -> tuple[ApiKey, ...]:
        found: tuple[ApiKey, ...] = await list_(self, owner_id, **{**asked, "before": None})
        return found

    monkeypatch.setattr(MemoryApiKeys, "list", list_from_the_start)


@fault("TestApiKeys::test_count_counts_those_that_hold_and_have_no_successor")
def keys_that_are_over_count(monkeypatch: pytest.MonkeyPatch) -> None:
    async def count(self: MemoryApiKeys, owner_id: UserId, _now: datetime, **_: bool) -> int:
        return len(keys_of(await self._desk.read(), owner_id))

    monkeypatch.setattr(MemoryApiKeys, "count", count)


@fault("TestApiKeys::test_count_counts_those_that_hold_beside_their_successor")
def rotated_keys_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    count = MemoryApiKeys.count

    async def none(
        self: MemoryApiKeys, owner_id: UserId, now: datetime, *, has_successor: bool = False
    ) -> int:
        return 0 if has_successor else await count(self, owner_id, now)

    monkeypatch.setattr(MemoryApiKeys, "count", none)


@fault("TestApiKeys::test_save_stores_the_next_version")
def a_revoked_key_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryApiKeys, "save")


@fault(
    "TestApiKeys::test_save_raises_concurrent_update_for_any_other_version",
    "TestApiKeys::test_save_raises_concurrent_update_for_a_key_that_is_gone",
    "TestApiKeys::test_save_leaves_the_last_use_as_it_is",
    "TestConcurrency::test_of_many_who_rotate_or_revoke_one_key_one_wins",
)
def a_key_is_saved_over_any_version(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(self: MemoryApiKeys, key: ApiKey) -> None:
        (await self._desk.write()).api_keys.put(key.id, key)

    monkeypatch.setattr(MemoryApiKeys, "save", save)


@fault("TestApiKeys::test_use_stores_the_last_use_without_a_new_version")
def a_use_is_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryApiKeys, "use")


@fault("TestApiKeys::test_use_changes_nothing_after_a_later_use_and_for_an_unknown_key")
def every_use_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    use = MemoryApiKeys.use

    async def use_always(
        self: MemoryApiKeys, key_id: ApiKeyId, now: datetime, _unless_since: datetime
    ) -> None:
        await use(self, key_id, now, now)

    monkeypatch.setattr(MemoryApiKeys, "use", use_always)


@fault("TestApiKeys::test_end_ends_every_key_of_a_user_that_holds_and_of_no_other")
def everybody_loses_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    async def end(self: MemoryApiKeys, _owner_id: UserId, now: datetime, reason: ApiKeyEnd) -> None:
        rows = await self._desk.write()
        for key in tuple(rows.api_keys.values()):
            rows.api_keys.put(key.id, replace(key, ended_at=now, end_reason=reason))

    monkeypatch.setattr(MemoryApiKeys, "end", end)


@fault("TestApiKeys::test_purge_removes_what_was_over_before_and_nothing_that_holds")
def an_api_key_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_early(monkeypatch, MemoryApiKeys)


@fault("TestApiKeys::test_purge_removes_at_most_limit_and_tells_how_many")
def all_keys_are_purged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryApiKeys)


@fault("TestGrants::test_count_administrators_counts_no_service_account")
def a_machine_is_the_last_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    async def count(self: MemoryGrants, *, besides: UserId) -> int:
        rows = await self._desk.read()
        held = (grant for grants in rows.grants.values() for grant in grants)
        return sum(g.role == ADMIN and g.ends_at is None and g.user_id != besides for g in held)

    monkeypatch.setattr(MemoryGrants, "count_administrators", count)


@fault("TestOutbox::test_list_returns_the_actor_as_recorded_without_what_it_could_do_or_show")
def events_tell_what_a_key_could_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Actor, "recorded", property(lambda self: self))


@fault("TestApiKeys::test_list_returns_the_keys_of_one_user_newest_first_and_goes_on_before_one")
def keys_come_in_the_order_of_their_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    list_ = MemoryApiKeys.list

    async def list_by_digest(
        self: MemoryApiKeys, owner_id: UserId, *, before: ApiKeyId | None = None, limit: int = 100
    ) -> tuple[ApiKey, ...]:
        found: tuple[ApiKey, ...] = await list_(self, owner_id, before=before, limit=10_000)
        return tuple(sorted(found, key=lambda key: key.digest, reverse=True)[:limit])

    monkeypatch.setattr(MemoryApiKeys, "list", list_by_digest)


@fault("TestApiKeys::test_use_changes_nothing_after_a_later_use_and_for_an_unknown_key")
def a_use_long_after_is_always_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    use = MemoryApiKeys.use

    async def use_much_later(
        self: MemoryApiKeys, key_id: ApiKeyId, now: datetime, unless_since: datetime
    ) -> None:
        is_long_after = now - unless_since > timedelta(days=1)
        await use(self, key_id, now, now if is_long_after else unless_since)

    monkeypatch.setattr(MemoryApiKeys, "use", use_much_later)


def purge_when(
    monkeypatch: pytest.MonkeyPatch, is_over: Callable[[ApiKey, datetime], bool]
) -> None:
    """Let a purge of API keys have its own idea of what is over."""

    async def purge(self: MemoryApiKeys, before: datetime, limit: int) -> int:
        rows = await self._desk.write()
        over = [key.id for key in rows.api_keys.values() if is_over(key, before)][:limit]
        for key_id in over:
            rows.api_keys.pop(key_id)
        return len(over)

    monkeypatch.setattr(MemoryApiKeys, "purge", purge)


@fault("TestApiKeys::test_purge_removes_what_was_over_before_and_nothing_that_holds")
def a_purge_eats_keys_that_expire_later(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_when(monkeypatch, lambda key, before: key.over_at not in {None, before})


@fault("TestApiKeys::test_purge_removes_what_was_over_before_and_nothing_that_holds")
def revoked_keys_without_an_end_date_are_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_when(
        monkeypatch,
        lambda key, before: bool(key.expires_at and key.over_at and key.over_at < before),
    )


@fault("TestApiKeys::test_what_happens_to_an_owner_found_does_not_reach_the_store")
def the_owner_of_a_key_is_handed_out_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "copied", lambda user: user)
