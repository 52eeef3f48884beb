"""The repositories in memory: what they say of roles, grants, keys and throttles."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from limen.adapters.memory.grants import MemoryGrants, put_grant
from limen.adapters.memory.keys import MemoryKeys
from limen.adapters.memory.roles import MemoryRoles
from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.throttles import MemoryThrottles
from limen.core.errors import ConcurrentUpdate
from limen.core.ids import UserId
from limen.core.roles.model import ADMIN, Grant, Role
from limen.core.throttles.model import Throttle
from limen.testing.builders import a_grant, a_signing_key
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_losses import lose

fault = faults_of("memory")


def born_otherwise(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let every new store begin with its rows changed."""
    begin = MemoryStore.__init__

    def begin_otherwise(self: MemoryStore) -> None:
        begin(self)
        change(self.rows)
        self.rows.apply()

    monkeypatch.setattr(MemoryStore, "__init__", begin_otherwise)


def do_nothing(monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> None:
    """Let a method of a repository believe that it is done."""

    async def nothing(*_: object, **__: object) -> None:
        """Do nothing."""

    monkeypatch.setattr(kind, method, nothing)


def lock_once(monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> None:
    """Let a lock be there for the first one who asks, and never again."""
    locked: list[object] = []

    async def lock(self: Any) -> None:
        if locked:
            raise ConcurrentUpdate
        locked.append(await self._desk.write())

    monkeypatch.setattr(kind, method, lock)


def purge_everything(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    """Let a purge know no limit."""
    purge = kind.purge  # type: ignore[attr-defined]

    async def purge_all(self: Any, before: datetime, limit: int) -> int:
        removed: int = await purge(self, before, limit + 10_000)
        return removed

    monkeypatch.setattr(kind, "purge", purge_all)


# --- roles ---------------------------------------------------------------------------------------


@fault("TestRoles::test_the_built_in_admin_is_there_from_the_start")
def nobody_is_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    born_otherwise(monkeypatch, lambda rows: rows.roles.pop(ADMIN))


@fault("TestRoles::test_get_raises_role_not_found")
def a_role_is_found_by_its_first_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    get = MemoryRoles.get

    async def get_alike(self: MemoryRoles, name: str) -> Role:
        roles = (await self._desk.read()).roles.values()
        alike = [role for role in roles if role.name.startswith(name)]
        return alike[0] if alike else await get(self, name)

    monkeypatch.setattr(MemoryRoles, "get", get_alike)


@fault("TestRoles::test_add_raises_role_taken")
def a_new_role_replaces_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def add(self: MemoryRoles, role: Role) -> None:
        (await self._desk.write()).roles.put(role.name, role)

    monkeypatch.setattr(MemoryRoles, "add", add)


@fault("TestRoles::test_save_stores_every_changed_field")
def a_role_loses_its_description(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryRoles, "save", description="")


@fault("TestRoles::test_save_raises_concurrent_update_for_a_role_that_is_gone")
def a_save_brings_a_role_back(monkeypatch: pytest.MonkeyPatch) -> None:
    save = MemoryRoles.save

    async def save_or_add(self: MemoryRoles, role: Role) -> None:
        rows = await self._desk.write()
        if role.name in rows.roles:
            await save(self, role)
        rows.roles.put(role.name, role)

    monkeypatch.setattr(MemoryRoles, "save", save_or_add)


@fault("TestRoles::test_remove_removes_the_role")
def a_removed_role_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryRoles, "remove")


@fault("TestRoles::test_remove_raises_role_not_found")
def removing_no_role_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryRoles.remove

    async def remove_if_there(self: MemoryRoles, name: str, now: datetime) -> None:
        if name in (await self._desk.write()).roles:
            await remove(self, name, now)

    monkeypatch.setattr(MemoryRoles, "remove", remove_if_there)


@fault("TestRoles::test_lock_administrators_is_there_for_every_unit_of_work")
def administrators_can_be_locked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock_once(monkeypatch, MemoryRoles, "lock_administrators")


# --- grants --------------------------------------------------------------------------------------


@fault("TestGrants::test_list_returns_nothing_for_a_user_without_grants")
def who_has_no_grant_is_an_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    async def list_(self: MemoryGrants, user_id: UserId) -> tuple[Grant, ...]:
        return (await self._desk.read()).grants.get(user_id) or (a_grant(user_id),)

    monkeypatch.setattr(MemoryGrants, "list", list_)


@fault("TestGrants::test_put_raises_user_not_found")
def a_grant_needs_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(self: MemoryGrants, grant: Grant) -> None:
        put_grant(await self._desk.write(), grant)

    monkeypatch.setattr(MemoryGrants, "put", put)


@fault("TestGrants::test_put_raises_role_not_found")
def a_grant_needs_no_role(monkeypatch: pytest.MonkeyPatch) -> None:
    put = MemoryGrants.put

    async def put_if_possible(self: MemoryGrants, grant: Grant) -> None:
        if grant.role in (await self._desk.write()).roles:
            await put(self, grant)

    monkeypatch.setattr(MemoryGrants, "put", put_if_possible)


@fault("TestGrants::test_remove_removes_that_grant_alone")
def a_removal_takes_every_grant_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryGrants.remove

    async def remove_all(self: MemoryGrants, user_id: UserId, role: str) -> None:
        await remove(self, user_id, role)
        (await self._desk.write()).grants.pop(user_id)

    monkeypatch.setattr(MemoryGrants, "remove", remove_all)


@fault("TestGrants::test_remove_raises_grant_not_found")
def removing_no_grant_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryGrants, "remove")


@fault("TestGrants::test_list_held_returns_nothing_for_users_who_are_gone")
def who_is_gone_holds_every_role(monkeypatch: pytest.MonkeyPatch) -> None:
    list_held = MemoryGrants.list_held

    async def list_all(self: MemoryGrants, user_id: UserId, now: datetime) -> tuple[Role, ...]:
        rows = await self._desk.read()
        is_known = user_id in rows.users
        return await list_held(self, user_id, now) if is_known else tuple(rows.roles.values())

    monkeypatch.setattr(MemoryGrants, "list_held", list_all)


@fault("TestGrants::test_count_administrators_counts_none_in_a_new_store")
def there_is_always_one_more_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    count = MemoryGrants.count_administrators

    async def count_one_more(self: MemoryGrants, *, besides: UserId) -> int:
        return max(1, await count(self, besides=besides))

    monkeypatch.setattr(MemoryGrants, "count_administrators", count_one_more)


@fault("TestGrants::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_grants_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryGrants)


# --- keys ----------------------------------------------------------------------------------------


@fault("TestSigningKeys::test_a_new_store_has_no_keys")
def a_store_is_born_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    born_otherwise(monkeypatch, lambda rows: rows.keys.put("born", a_signing_key("born")))


@fault("TestSigningKeys::test_lock_is_there_for_every_unit_of_work")
def keys_can_be_locked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock_once(monkeypatch, MemoryKeys, "lock")


@fault("TestSigningKeys::test_purge_removes_the_keys_that_were_replaced_before")
def replaced_keys_are_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def purge(self: MemoryKeys, before: datetime) -> int:
        await self._desk.write()
        return 0 * before.year

    monkeypatch.setattr(MemoryKeys, "purge", purge)


@fault("TestSigningKeys::test_purge_leaves_a_key_that_was_replaced_at_that_instant")
def a_key_goes_an_instant_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemoryKeys.purge

    async def purge_early(self: MemoryKeys, before: datetime) -> int:
        return await purge(self, before + timedelta(microseconds=1))

    monkeypatch.setattr(MemoryKeys, "purge", purge_early)


# --- throttles -----------------------------------------------------------------------------------


def lock_otherwise(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let what a lock of throttles returns be changed."""
    lock = MemoryThrottles.lock

    async def lock_changed(
        self: MemoryThrottles, keys: Sequence[str], now: datetime
    ) -> tuple[Throttle, ...]:
        found: tuple[Throttle, ...] = change(await lock(self, keys, now), now)
        return found

    monkeypatch.setattr(MemoryThrottles, "lock", lock_changed)


@fault("TestThrottles::test_lock_makes_unknown_ones_without_attempts")
def an_unknown_key_begins_with_an_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    lock_otherwise(
        monkeypatch,
        lambda found, _: tuple(replace(one, attempts=max(1, one.attempts)) for one in found),
    )


@fault("TestThrottles::test_lock_returns_nothing_for_no_keys")
def no_keys_are_one_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lock_otherwise(
        monkeypatch, lambda found, now: found or (Throttle(key="", since=now, last_at=now),)
    )


@fault("TestThrottles::test_save_stores_every_field")
def a_block_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryThrottles, "save", blocked_until=None)


@fault("TestThrottles::test_clear_of_an_unknown_key_does_nothing")
def an_unknown_key_cannot_be_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    clear = MemoryThrottles.clear

    async def clear_known(self: MemoryThrottles, key: str) -> None:
        if key not in (await self._desk.write()).throttles:
            raise ConcurrentUpdate
        await clear(self, key)

    monkeypatch.setattr(MemoryThrottles, "clear", clear_known)


@fault("TestThrottles::test_clear_after_lock_in_the_same_unit_of_work_forgets")
def what_is_cleared_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    do_nothing(monkeypatch, MemoryThrottles, "clear")


@fault("TestThrottles::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_throttles_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge_everything(monkeypatch, MemoryThrottles)
