"""The store in memory when many come at once, or one stops half-way: what is lost between two."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory import users
from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.grants import MemoryGrants
from limen.adapters.memory.store import TABLES, Desk, Rows
from limen.adapters.memory.throttles import MemoryThrottles
from limen.adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import ConcurrentUpdate
from limen.core.ids import SessionId, UserId
from limen.core.roles.model import Grant
from limen.core.throttles.model import Throttle
from limen.core.users.model import User
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWork
from limen.testing.builders import a_family
from tests.integration.faults.fault import faults_of
from tests.integration.faults.memory_losses import lose

fault = faults_of("memory")

# --- locks ---------------------------------------------------------------------------------------


@fault("TestConcurrency::test_of_many_grants_of_one_role_one_is_left")
def grants_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(self: MemoryGrants, grant: Grant) -> None:
        rows = await self._desk.write()
        rows.grants.put(grant.user_id, (*(rows.grants.get(grant.user_id) or ()), grant))

    monkeypatch.setattr(MemoryGrants, "put", put)


@fault("TestLocks::test_throttles_locked_in_any_order_never_wait_for_each_other")
def throttles_are_locked_in_one_order_only(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = MemoryThrottles.lock

    async def lock_in_order(
        self: MemoryThrottles, keys: Sequence[str], now: datetime
    ) -> tuple[Throttle, ...]:
        if list(keys) != sorted(keys):
            raise ConcurrentUpdate
        return await lock(self, keys, now)

    monkeypatch.setattr(MemoryThrottles, "lock", lock_in_order)


def refuse_a_second_lock(monkeypatch: pytest.MonkeyPatch, holder: str) -> None:
    """Let a user be locked once for each holder, and never be given back."""
    lock, locked = MemoryUsers.lock, list[tuple[object, object]]()

    async def lock_once(self: MemoryUsers, user_id: UserId) -> User:
        held: dict[str, tuple[object, object]] = {
            "user": (user_id, None),
            "unit of work": (self._desk, None),
        }
        if held[holder] in locked:
            raise ConcurrentUpdate
        locked.append(held[holder])
        return await lock(self, user_id)

    monkeypatch.setattr(MemoryUsers, "lock", lock_once)


@fault("TestLocks::test_a_lock_ends_with_its_unit_of_work_however_that_ends")
def a_lock_is_never_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_a_second_lock(monkeypatch, "user")


@fault("TestLocks::test_who_would_wait_in_a_circle_gets_through_or_raises_concurrent_update")
def nobody_locks_two_users(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_a_second_lock(monkeypatch, "unit of work")


# --- half a change -------------------------------------------------------------------------------


@fault("TestUnitOfWork::test_being_cancelled_anywhere_leaves_all_or_nothing")
def a_commit_can_be_cut_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    async def commit_by_table(self: MemoryUnitOfWork) -> None:
        for name in TABLES:
            getattr(self._rows, name).apply()
            await asyncio.sleep(0)
        self._desk.close()

    monkeypatch.setattr(MemoryUnitOfWork, "commit", commit_by_table)


@fault("TestUnitOfWork::test_what_was_committed_stays_when_an_error_follows")
def an_error_takes_back_what_was_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def take_back(self: MemoryUnitOfWorkFactory) -> AsyncIterator[UnitOfWork]:
        async with self._store.lock:
            rows = self._store.rows.draft()
            before: dict[str, dict[Any, Any]] = {
                name: dict(getattr(rows, name)._rows) for name in TABLES
            }
            try:
                yield MemoryUnitOfWork(rows, Desk(rows, is_writable=True), self._ids)
            except Exception:
                for name, kept in before.items():
                    present = getattr(rows, name)._rows
                    present.clear()
                    present.update(kept)
                raise

    monkeypatch.setattr(MemoryUnitOfWorkFactory, "_unit_of_work", take_back)


@fault("TestUnitOfWork::test_a_unit_of_work_that_was_undone_leaves_the_next_one_free")
def a_name_stays_taken_by_what_was_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    put = users._put

    def put_and_keep(rows: Rows, user: User) -> None:
        put(rows, user)
        rows.emails._rows[user.email.key] = user.id

    monkeypatch.setattr(users, "_put", put_and_keep)


# --- what comes back -----------------------------------------------------------------------------


@fault("TestUsers::test_every_valid_text_attribute_and_instant_comes_back_as_it_was")
def a_new_user_loses_their_last_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, MemoryUsers, "add", last_sign_in_at=None)


@fault("TestFamilies::test_find_standing_returns_none_without_a_family")
def a_session_stands_without_a_family(monkeypatch: pytest.MonkeyPatch) -> None:
    find = MemoryFamilies.find_standing

    async def find_something(
        self: MemoryFamilies, session_id: SessionId, now: datetime
    ) -> Standing | None:
        rows = await self._desk.read()
        session = rows.sessions.get(session_id)
        if session is None or session_id in rows.families:
            return await find(self, session_id, now)
        user = rows.users[session.user_id]
        return Standing(family=a_family(session_id), session=session, user=user, roles=())

    monkeypatch.setattr(MemoryFamilies, "find_standing", find_something)
