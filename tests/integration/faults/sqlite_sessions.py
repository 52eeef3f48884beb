"""Sessions, refresh families and counted attempts on SQLite, broken on purpose."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import families as sql_families
from limen.adapters.sql import sessions as sql_sessions
from limen.adapters.sql import throttles as sql_throttles
from limen.adapters.sql import users as sql_users
from limen.adapters.sql.columns import COMMA, Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Statement
from limen.adapters.sql.tables import (
    grants,
    refresh_families,
    session_endings,
    sessions,
    throttles,
    users,
)
from limen.adapters.sql.throttles import SqlThrottles
from limen.core.errors import LimenError
from limen.core.throttles.model import Throttle
from tests.integration.faults.fault import ROUNDS, faults_of
from tests.integration.faults.sql import outside, say, say_nothing

fault, race = faults_of("sqlite"), faults_of("sqlite", rounds=ROUNDS)

LIVE = "TestSessions::test_list_live_leaves_out_what_ended_or_ran_out"
IS_USERS = sql_sessions._IS_USERS
NOW = bindparam("now", type_=Instant)
LISTED = select(*sql_sessions.COLUMNS).order_by(
    sessions.c.last_used_at.desc(), sessions.c.id.desc()
)


# --- sessions ------------------------------------------------------------------------------------


@fault(LIVE)
def what_ran_out_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    say(
        monkeypatch,
        sql_sessions,
        "_LIST_LIVE",
        LISTED.where(IS_USERS, sessions.c.ended_at.is_(None)),
    )


@fault(LIVE)
def a_revoked_session_is_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    say(
        monkeypatch,
        sql_sessions,
        "_LIST_LIVE",
        LISTED.where(IS_USERS, sessions.c.runs_out_at > NOW),
    )


@fault("TestSessions::test_list_live_returns_at_most_200")
def a_list_of_sessions_has_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    live = LISTED.where(IS_USERS, sessions.c.ended_at.is_(None), sessions.c.runs_out_at > NOW)
    say(monkeypatch, sql_sessions, "_LIST_LIVE", live)


@fault("TestSessions::test_use_changes_nothing_of_a_session_that_has_ended")
def an_ended_session_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("last_used_at", "idle_expires_at", "runs_out_at")
    used = update(sessions).where(sessions.c.id == bindparam("id"))
    say(monkeypatch, sql_sessions, "_USE", used.values({name: bindparam(name) for name in names}))


ENDED = (
    update(sessions)
    .where(IS_USERS)
    .values(ended_at=NOW, end_reason=bindparam("reason"))
    .returning(sessions.c.id)
)


@fault("TestSessionEndings::test_end_tells_and_changes_only_what_had_not_ended")
def an_ending_is_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_sessions, "_END_ALL", ENDED)


@fault("TestSessionEndings::test_end_never_ends_the_session_of_another_user")
def anybody_ends_any_session(monkeypatch: pytest.MonkeyPatch) -> None:
    one = (
        update(sessions)
        .where(sessions.c.id == bindparam("only"), sessions.c.ended_at.is_(None))
        .values(ended_at=NOW, end_reason=bindparam("reason"))
        .returning(sessions.c.id)
    )
    say(monkeypatch, sql_sessions, "_END_ONE", one)


@fault("TestSessionEndings::test_end_keeps_the_one_to_keep")
def the_one_to_keep_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_sessions, "_END_OTHERS", sql_sessions._END_ALL)


@fault("TestSessionEndings::test_end_ends_the_refresh_families_too")
def an_ended_session_can_be_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    say_nothing(monkeypatch, sql_sessions, "_END_FAMILIES", refresh_families)


@fault("TestSessionEndings::test_list_endings_returns_those_recorded_at_since_or_later")
def an_ending_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    say_nothing(monkeypatch, sql_sessions, "_RECORD_ENDINGS", session_endings)


@fault("TestSessionEndings::test_purge_leaves_what_lives_or_was_over_later")
def a_purge_eats_the_living(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_sessions, "_PURGE", delete(sessions))


@fault("TestSessionEndings::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_sessions_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    over = sql_sessions._OVER.limit(None)
    say(monkeypatch, sql_sessions, "_PURGE", delete(sessions).where(sessions.c.id.in_(over)))


# --- families ------------------------------------------------------------------------------------

ROTATED: dict[str, ColumnElement[Any]] = {
    name: bindparam(name) for name in ("generation", "digest", "previous_digest", "rotated_at")
}
FAMILY = refresh_families.c.session_id == bindparam("session_id")


@fault("TestConcurrency::test_of_many_rotations_of_one_generation_one_gets_through")
def a_reused_token_forks_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    forked = update(refresh_families).where(FAMILY, refresh_families.c.ended_at.is_(None))
    say(monkeypatch, sql_families, "_ROTATE", forked.values(ROTATED))


@fault("TestFamilies::test_rotate_raises_concurrent_update_if_the_family_has_ended")
def an_ended_family_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    is_next = refresh_families.c.generation == bindparam("previous")
    undead = update(refresh_families).where(FAMILY, is_next)
    say(monkeypatch, sql_families, "_ROTATE", undead.values(ROTATED))


@fault("TestFamilies::test_rotate_raises_concurrent_update_if_the_family_is_gone")
def nobody_looks_whether_a_rotation_took_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def demand_nothing(
        self: Desk, _error: type[LimenError], statement: Statement, /, **values: object
    ) -> None:
        self.defer(statement, **values)

    monkeypatch.setattr(Desk, "demand", demand_nothing)


@fault("TestFamilies::test_find_standing_returns_session_user_and_live_roles_as_well")
def an_ended_grant_counts_in_a_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    all_roles = (
        select(func.aggregate_strings(grants.c.role, COMMA))
        .where(grants.c.user_id == users.c.id)
        .scalar_subquery()
    )
    standing = (
        select(*sql_families._FAMILY, *sql_sessions.COLUMNS, *sql_users.COLUMNS, all_roles)
        .join_from(refresh_families, sessions)
        .join(users)
        .where(FAMILY)
    )
    say(monkeypatch, sql_families, "_FIND_STANDING", standing)


# --- throttles -----------------------------------------------------------------------------------


@race("TestLocks::test_throttles_lock_counts_parallel_attempts_one_by_one")
def parallel_attempts_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = SqlThrottles.lock
    seen = Statement(select(*sql_throttles._COLUMNS).where(throttles.c.key == bindparam("key")))

    async def look_before(
        self: SqlThrottles, keys: Sequence[str], now: datetime
    ) -> tuple[Throttle, ...]:
        rows = [await outside(self._desk).fetch_one(seen, key=key) for key in keys]
        await lock(self, keys, now)
        return tuple(
            Throttle(key=key, since=now, last_at=now) if row is None else sql_throttles._read(row)
            for key, row in zip(keys, rows, strict=True)
        )

    monkeypatch.setattr(SqlThrottles, "lock", look_before)


@fault("TestThrottles::test_lock_returns_the_throttles_as_they_were_saved_in_the_order_of_the_keys")
def who_comes_back_begins_at_nought(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = SqlThrottles.lock

    async def forgive(self: SqlThrottles, *args: Any) -> tuple[Throttle, ...]:
        return tuple(replace(throttle, attempts=0) for throttle in await lock(self, *args))

    monkeypatch.setattr(SqlThrottles, "lock", forgive)


@fault("TestThrottles::test_clear_forgets_the_attempts_under_that_key")
def attempts_are_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    say_nothing(monkeypatch, sql_throttles, "_CLEAR", throttles)


@fault("TestThrottles::test_purge_removes_those_last_charged_before_and_not_blocked_since")
def a_purge_frees_who_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = delete(throttles).where(throttles.c.last_at < bindparam("before"))
    say(monkeypatch, sql_throttles, "_PURGE", quiet)
