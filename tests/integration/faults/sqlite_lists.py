"""Lists of users on SQLite, broken on purpose."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, exists, literal_column

from limen.adapters.sql import selection, sqlite
from limen.adapters.sql import users as sql_users
from limen.adapters.sql.tables import grants, users, with_lowest
from limen.core.page import Operator, Selection, Sort
from tests.integration.faults.fault import faults_of
from tests.integration.faults.sql import forget_lists, sort_by

fault = faults_of("sqlite")

WALK = "TestDirectory::test_a_walk_gives_every_row_exactly_once_in_order"
ORDER = "TestDirectory::test_every_field_sorts_by_code_point_with_nothing_before_everything"
OPERATORS = "TestDirectory::test_every_operator_of_every_field_finds_what_it_says"


@fault(WALK)
def a_walk_skips_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    is_behind = selection._is_behind

    def look_at_the_first_key(
        sort: tuple[Sort, ...], missing: tuple[bool, ...], binds: Any
    ) -> ColumnElement[bool]:
        return is_behind(sort[:1], missing[:1], binds)

    forget_lists(monkeypatch)
    monkeypatch.setattr(selection, "_is_behind", look_at_the_first_key)


@fault(WALK)
def a_walk_repeats_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_there_or_behind(key: Sort, here: Any, there: Any) -> Any:
        return here <= there if key.descending else here >= there

    forget_lists(monkeypatch)
    monkeypatch.setattr(selection, "_passes", is_there_or_behind)


@fault(WALK)
def a_page_has_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = selection.fetch_page

    async def fetch_all(desk: Any, columns: Any, asked: Selection, now: Any) -> Any:
        return await fetch(desk, columns, replace(asked, limit=1_000_000), now)

    monkeypatch.setattr(sql_users, "fetch_page", fetch_all)


@fault(f"{OPERATORS}[locale-eq]")
def languages_are_compared_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_lists(monkeypatch)
    monkeypatch.setitem(selection._FILTERED, "locale", users.c.locale)


@fault(f"{ORDER}[username-False]")
def nothing_sorts_last(monkeypatch: pytest.MonkeyPatch) -> None:
    last = with_lowest(users.c.username_key, literal_column("'~'"))
    sort_by(monkeypatch, "username", last)


@fault(f"{ORDER}[name-False]")
def names_are_sorted_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    sort_by(monkeypatch, "name", users.c.name)


@fault(f"{ORDER}[name-False]")
def names_are_sorted_as_in_a_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite.connect

    def compare(one: str, other: str) -> int:
        words = ["".join(filter(str.isalnum, text)) for text in (one, other)]
        return (words[0] > words[1]) - (words[0] < words[1])

    def connect_with_collation(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.create_collation("dictionary", compare)
        return connection

    monkeypatch.setattr(sqlite, "connect", connect_with_collation)
    sort_by(monkeypatch, "name", users.c.name_key.collate("dictionary"))


@fault("TestDirectory::test_wildcards_in_values_and_searches_are_literal[%]")
def a_percent_sign_finds_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_pattern", lambda part: f"%{part}%")


@fault(f"{OPERATORS}[username-ne]")
def who_has_no_name_is_not_unequal(monkeypatch: pytest.MonkeyPatch) -> None:
    compare = selection._compare

    def compare_as_sql_does(column: Any, met: Any, binds: Any) -> ColumnElement[bool]:
        if met.operator is Operator.NE:
            unequal: ColumnElement[bool] = column != binds.next(column)
            return unequal
        return compare(column, met, binds)

    forget_lists(monkeypatch)
    monkeypatch.setattr(selection, "_compare", compare_as_sql_does)


@fault(f"{OPERATORS}[role-eq]")
def a_list_looks_at_ended_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    def has_or_had(met: Any, binds: Any) -> ColumnElement[bool]:
        given = exists().where(grants.c.user_id == users.c.id)
        return given.where(selection._compare(grants.c.role, met, binds))

    forget_lists(monkeypatch)
    monkeypatch.setattr(selection, "_condition", has_or_had)


@fault("TestDirectory::test_an_exact_count_is_of_all_rows_whatever_the_window")
def a_count_is_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    count = selection.count_rows

    async def count_page(desk: Any, asked: Selection, now: Any) -> int | None:
        total = await count(desk, asked, now)
        return None if total is None else min(total, asked.limit)

    monkeypatch.setattr(sql_users, "count_rows", count_page)


@fault("TestDirectory::test_a_walk_gives_rows_once_although_others_come_and_go[False]")
def a_walk_goes_by_the_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch, walked = selection.fetch_page, [0]

    async def fetch_by_number(desk: Any, columns: Any, asked: Selection, now: Any) -> Any:
        walked[0] = 0 if asked.after is None else walked[0] + asked.limit
        return await fetch(desk, columns, replace(asked, after=None, offset=walked[0]), now)

    monkeypatch.setattr(sql_users, "fetch_page", fetch_by_number)
