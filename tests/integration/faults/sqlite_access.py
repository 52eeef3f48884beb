"""Roles, grants, keys, events and repeated requests on SQLite, broken on purpose."""

from datetime import datetime

import pytest
from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import grants as sql_grants
from limen.adapters.sql import idempotency as sql_attempts
from limen.adapters.sql import keys as sql_keys
from limen.adapters.sql import outbox as sql_outbox
from limen.adapters.sql import roles as sql_roles
from limen.adapters.sql.idempotency import SqlAttempts
from limen.adapters.sql.statements import Bulk, Element
from limen.adapters.sql.tables import (
    attempts,
    grants,
    outbox,
    role_permissions,
    roles,
    signing_keys,
    users,
)
from limen.core.idempotency.model import Attempt
from tests.integration.faults.fault import ROUNDS, faults_of
from tests.integration.faults.sql import outside, say, say_nothing

fault, race = faults_of("sqlite"), faults_of("sqlite", rounds=ROUNDS)


# --- roles ---------------------------------------------------------------------------------------


@fault("TestConcurrency::test_of_many_saves_of_one_role_one_is_kept")
def a_changed_role_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("description", "created_at", "updated_at", "version")
    whichever = update(roles).where(roles.c.name == bindparam("name"))
    say(monkeypatch, sql_roles, "_SAVE", whichever.values({n: bindparam(n) for n in names}))


@fault("TestRoles::test_save_stores_every_changed_field")
def permissions_that_were_taken_away_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    say_nothing(monkeypatch, sql_roles, "_FORBID_ALL", role_permissions)
    monkeypatch.setattr(sql_roles, "_ALLOW", Bulk(role_permissions, skips_taken=True))


@fault("TestRoles::test_remove_raises_role_in_use_while_a_grant_that_has_not_ended_names_it[None]")
def a_role_goes_with_all_its_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    of_role = delete(grants).where(grants.c.role == bindparam("name"))
    say(monkeypatch, sql_roles, "_REMOVE_ENDED", of_role)


@fault("TestRoles::test_remove_takes_the_ended_grants_of_the_role_along")
def an_ended_grant_holds_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    say_nothing(monkeypatch, sql_roles, "_REMOVE_ENDED", grants)


# --- grants --------------------------------------------------------------------------------------


def held(*conditions: ColumnElement[bool]) -> Element:
    """Return the roles of a user that meet these conditions."""
    return (
        select(*sql_roles.COLUMNS)
        .join_from(grants, roles)
        .join(users, users.c.id == grants.c.user_id)
        .where(grants.c.user_id == bindparam("user_id"), *conditions)
        .order_by(roles.c.name)
    )


@fault("TestGrants::test_list_held_returns_the_roles_that_have_not_ended_in_order_of_name")
def the_end_of_a_grant_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_grants, "_LIST_HELD", held(users.c.status == bindparam("active")))


@fault("TestGrants::test_list_held_returns_nothing_for_users_who_are_not_active")
def the_suspended_keep_their_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    is_live = or_(grants.c.ends_at.is_(None), grants.c.ends_at > bindparam("now"))
    say(monkeypatch, sql_grants, "_LIST_HELD", held(is_live))


@fault("TestGrants::test_count_administrators_counts_the_other_active_ones_whose_grant_has_no_end")
def who_is_administrator_for_a_while_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = (
        select(func.count())
        .select_from(grants)
        .join(users)
        .where(
            grants.c.role == bindparam("role"),
            grants.c.user_id != bindparam("besides"),
            users.c.status == bindparam("active"),
        )
    )
    say(monkeypatch, sql_grants, "_COUNT_ADMINISTRATORS", counted)


@fault("TestGrants::test_put_replaces_the_grant_for_the_same_user_and_role")
def a_second_grant_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_grants, "_PUT", insert(grants).on_conflict_do_nothing())


@fault("TestGrants::test_purge_removes_grants_that_ended_before")
def a_purge_eats_grants_that_last(monkeypatch: pytest.MonkeyPatch) -> None:
    over = or_(grants.c.ends_at.is_(None), grants.c.ends_at < bindparam("before"))
    say(monkeypatch, sql_grants, "_PURGE", delete(grants).where(over))


# --- keys ----------------------------------------------------------------------------------------


@fault("TestSigningKeys::test_add_raises_key_taken_if_its_id_is_known")
def a_known_key_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    new = insert(signing_keys)
    replacing = new.on_conflict_do_update(
        index_elements=[signing_keys.c.id], set_={"signs_from": new.excluded.signs_from}
    )
    say(monkeypatch, sql_keys, "_ADD", replacing)


@fault("TestSigningKeys::test_purge_never_removes_the_key_that_signs")
def a_purge_removes_the_key_that_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    old = delete(signing_keys).where(signing_keys.c.signs_from < bindparam("before"))
    say(monkeypatch, sql_keys, "_PURGE", old)


@fault("TestSigningKeys::test_list_returns_the_oldest_first_by_the_instant_from_which_they_sign")
def the_newest_key_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("id", "algorithm", "public", "sealed", "created_at", "signs_from")
    listed = select(*(signing_keys.c[name] for name in names))
    say(monkeypatch, sql_keys, "_LIST", listed.order_by(signing_keys.c.signs_from.desc()))


# --- events --------------------------------------------------------------------------------------


@fault("TestOutbox::test_list_returns_events_in_the_order_of_their_ids_which_is_that_of_emitting")
def events_come_in_the_order_of_their_instants(monkeypatch: pytest.MonkeyPatch) -> None:
    by_instant = sql_outbox._EVENTS.order_by(None).order_by(outbox.c.at)
    say(monkeypatch, sql_outbox, "_LIST", by_instant)


@fault("TestOutbox::test_list_goes_on_behind_after_up_to_limit")
def who_reads_on_reads_an_event_again(monkeypatch: pytest.MonkeyPatch) -> None:
    again = sql_outbox._EVENTS.where(outbox.c.id >= bindparam("after"))
    say(monkeypatch, sql_outbox, "_LIST_BEHIND", again)


@fault("TestOutbox::test_list_returns_the_events_of_one_user_if_asked")
def one_is_told_the_events_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_outbox, "_LIST_OF_USER", sql_outbox._LIST)


@fault("TestOutbox::test_purge_removes_at_most_limit_and_tells_how_many")
def a_purge_of_events_knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    old = delete(outbox).where(outbox.c.at < bindparam("before"))
    say(monkeypatch, sql_outbox, "_PURGE", old)


# --- repeated requests ---------------------------------------------------------------------------


def claim(where: ColumnElement[bool] | None) -> Element:
    """Return the claim of a scope that is there already if it meets `where`."""
    new = insert(attempts)
    names = ("fingerprint", "begun_at", "expires_at", "sealed")
    return new.on_conflict_do_update(
        index_elements=[attempts.c.scope],
        set_={name: new.excluded[name] for name in names},
        where=where,
    )


IS_ABANDONED = attempts.c.begun_at < bindparam("abandoned_before")
HAS_EXPIRED = attempts.c.expires_at <= insert(attempts).excluded.begun_at


@fault("TestAttempts::test_begin_gives_the_scope_to_the_first_and_the_attempt_to_all_others")
def a_scope_is_claimed_by_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_attempts, "_CLAIM", claim(None))


@race("TestConcurrency::test_of_many_attempts_one_claims_the_scope")
def a_claim_is_read_first_and_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_attempts, "_CLAIM", claim(None))
    begin = SqlAttempts.begin

    async def look_before(
        self: SqlAttempts, attempt: Attempt, *, abandoned_before: datetime
    ) -> Attempt | None:
        row = await outside(self._desk).fetch_one(sql_attempts._FIND, scope=attempt.scope)
        if row is not None:
            return sql_attempts._read(row)
        return await begin(self, attempt, abandoned_before=abandoned_before)

    monkeypatch.setattr(SqlAttempts, "begin", look_before)


@fault("TestAttempts::test_begin_replaces_an_attempt_that_has_expired[None]")
def what_expired_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_attempts, "_CLAIM", claim(and_(attempts.c.sealed.is_(None), IS_ABANDONED)))


@fault("TestAttempts::test_begin_never_replaces_an_answer_as_abandoned")
def an_answer_is_taken_for_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_attempts, "_CLAIM", claim(or_(HAS_EXPIRED, IS_ABANDONED)))


@fault("TestAttempts::test_finish_does_nothing_for_a_scope_that_another_attempt_has")
def a_late_answer_goes_to_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    whoever = update(attempts).where(attempts.c.scope == bindparam("scope"))
    say(monkeypatch, sql_attempts, "_FINISH", whoever.values(sealed=bindparam("sealed")))
