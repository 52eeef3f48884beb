"""Users, their passwords and their accounts on SQLite, broken on purpose."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql import accounts as sql_accounts
from limen.adapters.sql import passwords as sql_passwords
from limen.adapters.sql import sqlite
from limen.adapters.sql import users as sql_users
from limen.adapters.sql.columns import Instant
from limen.adapters.sql.statements import Compiled, Row
from limen.adapters.sql.tables import passwords, users
from limen.core.users.model import User
from tests.integration.faults.fault import faults_of
from tests.integration.faults.sql import say

fault = faults_of("sqlite")


# --- users ---------------------------------------------------------------------------------------


@fault("TestConcurrency::test_of_many_saves_of_one_version_one_is_kept")
def updates_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    whoever = update(users).where(users.c.id == bindparam("id"))
    say(monkeypatch, sql_users, "_SAVE", whoever.values(sql_users._CHANGED))


@fault("TestUsers::test_add_raises_email_taken_whatever_the_case")
def addresses_differ_by_case(monkeypatch: pytest.MonkeyPatch) -> None:
    write = sql_users.write_user

    def write_as_written(user: User) -> Mapping[str, object]:
        return {**write(user), "email_key": user.email.address}

    monkeypatch.setattr(sql_users, "write_user", write_as_written)


@fault("TestUsers::test_add_raises_username_taken_whatever_the_case")
def usernames_differ_by_case(monkeypatch: pytest.MonkeyPatch) -> None:
    write = sql_users.write_user

    def write_as_written(user: User) -> Mapping[str, object]:
        return {**write(user), "username_key": user.username and user.username.name}

    monkeypatch.setattr(sql_users, "write_user", write_as_written)


@fault("TestUsers::test_find_returns_none_if_nobody_has_the_identifier[_da@example.org]")
def an_identifier_is_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    alike = select(*sql_users.COLUMNS).where(users.c.email_key.like(bindparam("key")))
    say(monkeypatch, sql_users, "_FIND_BY_EMAIL", alike)


@fault("TestConcurrency::test_of_many_users_with_one_address_one_is_added")
def a_taken_address_is_passed_over_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, sql_users, "_ADD", insert(users).on_conflict_do_nothing())


@fault("TestUsers::test_save_empties_what_was_taken_away")
def what_was_taken_away_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {column: func.coalesce(new, column) for column, new in sql_users._CHANGED.items()}
    whoever = update(users).where(
        users.c.id == bindparam("id"), users.c.version == bindparam("previous")
    )
    say(monkeypatch, sql_users, "_SAVE", whoever.values(kept))


@fault("TestUsers::test_get_returns_the_user_as_it_was_added")
def languages_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    write = sql_users.write_user
    monkeypatch.setattr(sql_users, "write_user", lambda user: {**write(user), "locale": None})


@fault("TestUsers::test_a_sign_in_does_not_make_a_save_late")
def a_sign_in_makes_a_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = update(users).where(users.c.id == bindparam("id"))
    changed = {"last_sign_in_at": bindparam("last_sign_in_at"), "version": users.c.version + 1}
    say(monkeypatch, sql_users, "_SIGN_IN", seen.values(changed))


@fault("TestUsers::test_remove_takes_everything_of_the_user_along")
def what_belongs_to_a_user_outlives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("foreign_keys = OFF",))


@fault("TestUsers::test_get_returns_the_user_as_it_was_added")
def instants_come_back_naive(monkeypatch: pytest.MonkeyPatch) -> None:
    read = sql_users.read_user

    def read_naive(row: Row) -> User:
        user = read(row)
        return replace(user, created_at=user.created_at.replace(tzinfo=None))

    monkeypatch.setattr(sql_users, "read_user", read_naive)


@fault("TestUsers::test_get_returns_the_user_as_it_was_added")
def instants_lose_their_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    bind = Compiled.bind

    def cut(value: object) -> object:
        return value.replace(microsecond=0) if isinstance(value, datetime) else value

    def bind_cut(self: Compiled, values: Mapping[str, object]) -> list[Any]:
        return bind(self, {name: cut(value) for name, value in values.items()})

    monkeypatch.setattr(Compiled, "bind", bind_cut)


# --- passwords -----------------------------------------------------------------------------------


@fault("TestPasswords::test_save_stores_since_when_it_must_be_reset_and_that_it_need_not")
def a_password_must_be_reset_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    known = update(passwords).where(
        passwords.c.user_id == bindparam("user_id"), passwords.c.version == bindparam("previous")
    )
    names = ("digest", "changed_at", "version")
    given = bindparam("reset_required_at", type_=Instant)
    kept = func.coalesce(passwords.c.reset_required_at, given, type_=Instant)
    values: dict[str, Any] = {n: bindparam(n) for n in names} | {"reset_required_at": kept}
    say(monkeypatch, sql_passwords, "_SAVE", known.values(values))


@fault("TestConcurrency::test_of_many_saves_of_one_credential_one_is_kept")
def a_changed_password_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    whoever = update(passwords).where(passwords.c.user_id == bindparam("user_id"))
    names = ("digest", "changed_at", "version")
    say(monkeypatch, sql_passwords, "_SAVE", whoever.values({n: bindparam(n) for n in names}))


@fault("TestPasswords::test_add_raises_concurrent_update_if_there_is_one_already")
def a_first_password_replaces_the_present_one(monkeypatch: pytest.MonkeyPatch) -> None:
    new = insert(passwords)
    replacing = new.on_conflict_do_update(
        index_elements=[passwords.c.user_id], set_={"digest": new.excluded.digest}
    )
    say(monkeypatch, sql_passwords, "_ADD", replacing)


# --- accounts ------------------------------------------------------------------------------------


@fault("TestAccounts::test_add_leaves_out_what_is_taken_whole_and_adds_the_others")
def an_import_overlooks_taken_usernames(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = select(users.c.id, users.c.email_key, users.c.username_key).where(
        users.c.email_key.in_(sql_accounts._given("emails"))
    )
    say(monkeypatch, sql_accounts, "_TAKEN", seen)


@fault("TestAccounts::test_list_walks_through_all_accounts_a_batch_at_a_time")
def an_export_repeats_the_last_account(monkeypatch: pytest.MonkeyPatch) -> None:
    repeating = sql_accounts._ACCOUNTS.where(users.c.id >= bindparam("after"))
    say(monkeypatch, sql_accounts, "_LIST_BEHIND", repeating)


@fault("TestAccounts::test_list_returns_whole_accounts_in_order_of_user_id")
def an_export_leaves_out_who_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = (
        select(*sql_users.COLUMNS, *sql_passwords.COLUMNS)
        .join_from(users, passwords)
        .order_by(users.c.id)
        .limit(bindparam("limit"))
    )
    say(monkeypatch, sql_accounts, "_LIST", inner)
