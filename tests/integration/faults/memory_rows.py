"""The repositories in memory, broken on purpose, one small lie at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory import accounts, directory, families, grants, sessions, users
from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.grants import MemoryGrants
from limen.adapters.memory.idempotency import MemoryAttempts
from limen.adapters.memory.outbox import MemoryOutbox
from limen.adapters.memory.roles import MemoryRoles
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.store import Rows
from limen.adapters.memory.throttles import MemoryThrottles
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import ConcurrentUpdate, EmailTaken
from limen.core.idempotency.model import Attempt
from limen.core.ids import UserId
from limen.core.page import Operator
from limen.core.roles.model import Grant, Role
from limen.core.sessions.model import Session
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import Email, User, Username
from tests.integration.faults.fault import faults_of

fault = faults_of("memory")

# --- users ---------------------------------------------------------------------------------------


@fault("TestUsers::test_save_raises_concurrent_update_unless_the_stored_version_is_one_less")
def a_save_looks_at_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(self: MemoryUsers, user: User) -> None:
        (await self._desk.write()).users.put(user.id, user)

    monkeypatch.setattr(MemoryUsers, "save", save)


@fault("TestUsers::test_add_raises_email_taken_whatever_the_case")
def addresses_differ_by_case(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = Email.parse

    def parse_as_written(text: str) -> Email:
        return replace(parse(text), key=text)

    monkeypatch.setattr(Email, "parse", parse_as_written)


@fault("TestUsers::test_find_returns_the_user_by_username_in_any_case")
def usernames_are_found_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(self: MemoryUsers, identifier: Email | Username) -> User | None:
        rows = await self._desk.read()
        return next((u for u in rows.users.values() if identifier in {u.email, u.username}), None)

    monkeypatch.setattr(MemoryUsers, "find", find)


@fault("TestUsers::test_remove_takes_everything_of_the_user_along")
def a_removed_user_leaves_sessions_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = MemoryUsers.remove

    async def forget_sessions(self: MemoryUsers, user_id: UserId) -> None:
        rows = await self._desk.write()
        rows.user_sessions.pop(user_id)
        await remove(self, user_id)

    monkeypatch.setattr(MemoryUsers, "remove", forget_sessions)


@fault("TestUsers::test_what_happens_to_a_value_outside_does_not_reach_the_store")
def the_store_keeps_what_others_change(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (users, families):
        monkeypatch.setattr(module, "copied", lambda user: user)


@fault("TestUsers::test_get_returns_the_user_as_it_was_added")
def instants_come_back_naive(monkeypatch: pytest.MonkeyPatch) -> None:
    get = MemoryUsers.get

    async def get_naive(self: MemoryUsers, user_id: UserId) -> User:
        user = await get(self, user_id)
        return replace(user, created_at=user.created_at.replace(tzinfo=None))

    monkeypatch.setattr(MemoryUsers, "get", get_naive)


# --- lists ---------------------------------------------------------------------------------------


@fault("TestDirectory::test_a_walk_gives_every_row_exactly_once_in_order")
def a_walk_skips_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_behind(self: Any, position: Any, sort: Any) -> bool:
        here, there = self.value(sort[0].field), position.values[0]
        if here == there:
            return False
        return (directory._rank(here) > directory._rank(there)) is not sort[0].descending

    monkeypatch.setattr(directory._Row, "is_behind", is_behind)


@fault("TestDirectory::test_a_walk_gives_every_row_exactly_once_in_order")
def a_walk_repeats_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    is_behind = directory._Row.is_behind

    def is_behind_or_there(self: Any, position: Any, sort: Any) -> bool:
        return is_behind(self, position, sort) or self.position(sort) == position

    monkeypatch.setattr(directory._Row, "is_behind", is_behind_or_there)


@fault("TestDirectory::test_every_field_sorts_by_code_point_with_nothing_before_everything")
def nothing_sorts_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "_rank", lambda value: (value is None, value))


@fault("TestDirectory::test_wildcards_in_values_and_searches_are_literal")
def a_percent_sign_finds_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator.CONTAINS
    contains = directory._COMPARE[operator]
    monkeypatch.setitem(
        directory._COMPARE, operator, lambda here, wanted: contains(here, wanted.replace("%", ""))
    )


@fault("TestDirectory::test_an_exact_count_is_of_all_rows_whatever_the_window")
def a_count_is_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    select = directory.select

    def count_page(rows: Rows, selection: Any, now: datetime) -> Any:
        page = select(rows, selection, now)
        return replace(page, total=len(page.items))

    monkeypatch.setattr(users, "select", count_page)


# --- sessions and families -----------------------------------------------------------------------


@fault(
    "TestSessions::test_prove_stores_how_and_when_alone_and_tells_that_it_did",
    "TestSessions::test_prove_of_no_session_tells_that_it_did_nothing",
)
def a_proof_replaces_the_whole_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove(self: MemorySessions, session: Session) -> bool:
        (await self._desk.write()).sessions.put(session.id, session)
        return True

    monkeypatch.setattr(MemorySessions, "prove", prove)


@fault("TestSessions::test_prove_tells_and_changes_nothing_of_a_session_that_has_ended")
def an_ended_session_can_be_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prove(self: MemorySessions, session: Session) -> bool:
        rows = await self._desk.write()
        present = rows.sessions.get(session.id)
        if present is not None:
            later = present.proved(session.methods, session.authenticated_at)
            rows.sessions.put(session.id, later)
        return present is not None

    monkeypatch.setattr(MemorySessions, "prove", prove)


@fault("TestSessions::test_list_live_leaves_out_what_ended_or_ran_out")
def what_ran_out_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "is_live", lambda self, _now: self.ended_at is None)


@fault("TestSessionEndings::test_end_tells_and_changes_only_what_had_not_ended")
def an_ending_is_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    end = MemorySessions.end

    async def tell_all(self: MemorySessions, user_id: UserId, *args: Any, **more: Any) -> Any:
        await end(self, user_id, *args, **more)
        rows = await self._desk.read()
        return tuple(rows.user_sessions.get(user_id) or ())

    monkeypatch.setattr(MemorySessions, "end", tell_all)


@fault("TestSessionEndings::test_purge_leaves_what_lives_or_was_over_later")
def a_purge_eats_the_living(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(sessions, "_was_over", lambda _session, _before: True)


@fault("TestFamilies::test_rotate_raises_concurrent_update_if_the_family_has_ended")
def an_ended_family_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rotate(self: MemoryFamilies, family: RefreshFamily) -> None:
        rows = await self._desk.write()
        present = rows.families.get(family.session_id)
        if present is None or present.generation != family.generation - 1:
            raise ConcurrentUpdate
        rows.families.put(family.session_id, family)

    monkeypatch.setattr(MemoryFamilies, "rotate", rotate)


@fault(
    "TestFamilies::test_rotate_raises_concurrent_update_unless_the_stored_generation_is_one_less"
)
def a_reused_token_forks_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rotate(self: MemoryFamilies, family: RefreshFamily) -> None:
        (await self._desk.write()).families.put(family.session_id, family)

    monkeypatch.setattr(MemoryFamilies, "rotate", rotate)


@fault("TestFamilies::test_find_standing_returns_session_user_and_live_roles_as_well")
def an_ended_grant_still_counts_in_a_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grant, "is_live", lambda _self, _now: True)


@fault("TestDirectory::test_every_operator_of_every_field_finds_what_it_says[role-eq]")
def a_list_looks_at_ended_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(grants: Iterable[Grant], _now: datetime) -> frozenset[str]:
        return frozenset(grant.role for grant in grants)

    monkeypatch.setattr(directory, "_held", given)


@fault("TestRoles::test_remove_raises_role_in_use_while_a_grant_that_has_not_ended_names_it")
def a_role_goes_with_all_its_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(self: MemoryRoles, name: str, _now: datetime) -> None:
        rows = await self._desk.write()
        for grant in [grant for given in rows.grants.values() for grant in given]:
            if grant.role == name:
                grants.drop_grant(rows, grant)
        rows.roles.pop(name)

    monkeypatch.setattr(MemoryRoles, "remove", remove)


@fault("TestGrants::test_purge_removes_grants_that_ended_before")
def a_purge_eats_grants_that_last(monkeypatch: pytest.MonkeyPatch) -> None:
    async def purge(self: MemoryGrants, _before: datetime, _limit: int) -> int:
        rows = await self._desk.write()
        found = [grant for given in rows.grants.values() for grant in given]
        for grant in found:
            grants.drop_grant(rows, grant)
        return len(found)

    monkeypatch.setattr(MemoryGrants, "purge", purge)


# --- the others ----------------------------------------------------------------------------------


@fault("TestGrants::test_list_held_returns_nothing_for_users_who_are_not_active")
def the_suspended_keep_their_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    async def list_held(self: MemoryGrants, user_id: UserId, now: datetime) -> tuple[Role, ...]:
        rows = await self._desk.read()
        given = rows.grants.get(user_id) or ()
        return tuple(rows.roles[grant.role] for grant in given if grant.is_live(now))

    monkeypatch.setattr(MemoryGrants, "list_held", list_held)


@fault("TestGrants::test_count_administrators_counts_the_other_active_ones_whose_grant_has_no_end")
def the_suspended_count_as_administrators(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(grants, "_is_active", lambda _rows, _user_id: True)


@fault("TestAttempts::test_begin_gives_the_scope_to_the_first_and_the_attempt_to_all_others")
def a_scope_is_claimed_by_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(self: MemoryAttempts, attempt: Attempt, **_: Any) -> None:
        (await self._desk.write()).attempts.put(attempt.scope, attempt)

    monkeypatch.setattr(MemoryAttempts, "begin", begin)


@fault("TestThrottles::test_lock_returns_the_throttles_as_they_were_saved_in_the_order_of_the_keys")
def throttles_come_in_their_own_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = MemoryThrottles.lock

    async def lock_sorted(
        self: MemoryThrottles, keys: Sequence[str], now: datetime
    ) -> tuple[Throttle, ...]:
        return await lock(self, sorted(keys), now)

    monkeypatch.setattr(MemoryThrottles, "lock", lock_sorted)


@fault("TestOutbox::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    purge = MemoryOutbox.purge

    async def purge_all(self: MemoryOutbox, before: datetime, _limit: int) -> int:
        return await purge(self, before, 1_000_000)

    monkeypatch.setattr(MemoryOutbox, "purge", purge_all)


@fault("TestAccounts::test_add_leaves_out_what_an_earlier_one_of_the_batch_took")
def a_batch_looks_only_at_what_was_there_before(monkeypatch: pytest.MonkeyPatch) -> None:

    def add_last(rows: Rows, user: User) -> None:
        there = rows.emails._rows.get(user.email.key)
        if there is not None:
            raise EmailTaken
        users._put(rows, user)

    monkeypatch.setattr(accounts, "add_user", add_last)
