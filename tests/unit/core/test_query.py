from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import InvalidCursor, InvalidQuery, PageTooDeep
from limen.core.page import Condition, Count, ListQuery, Operator, Page, Position, Selection, Sort
from limen.core.query import Lists
from limen.core.secret import Secret
from limen.core.text import fold
from limen.core.users.directory import DEFAULT_SORT, FIELDS
from limen.core.users.model import parse_name

LISTS = Lists(Secret(b"k" * 32))
NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
PLAIN = ListQuery(filters={})


def select(query: ListQuery) -> Selection:
    return LISTS.select(query, FIELDS, default_sort=DEFAULT_SORT)


def faults_of(query: ListQuery) -> set[tuple[str, str]]:
    with pytest.raises(InvalidQuery) as refused:
        select(query)
    return {(fault.field, fault.code) for fault in refused.value.details}


def test_without_anything_the_newest_come_first_and_nothing_is_counted() -> None:
    selection = select(PLAIN)
    assert selection.sort == (Sort("created_at", descending=True), Sort("id", descending=True))
    assert (selection.offset, selection.limit, selection.count) == (0, 20, Count.NONE)


def test_a_page_skips_rows_and_counts_exactly() -> None:
    selection = select(replace(PLAIN, page=3, limit=50))
    assert (selection.offset, selection.limit, selection.count) == (100, 50, Count.EXACT)


def test_filters_are_read_by_the_type_of_their_field() -> None:
    selection = select(
        replace(
            PLAIN,
            filters={
                ("status", "in"): "active,pending",
                ("created_at", "gte"): "2026-01-02T04:04:05.000678+01:00",
                ("email", "prefix"): "ADA",
                ("username", "exists"): "false",
            },
        )
    )
    assert selection.conditions == (
        Condition("status", Operator.IN, ("active", "pending")),
        Condition("created_at", Operator.GTE, NOW),
        Condition("email", Operator.PREFIX, "ada"),
        Condition("username", Operator.EXISTS, value=False),
    )


def test_every_fault_of_a_query_is_named_at_once() -> None:
    assert faults_of(
        ListQuery(
            filters={
                ("colour", "eq"): "red",
                ("status", "gte"): "active",
                ("created_at", "eq"): "yesterday",
                ("id", "eq"): "7",
                ("username", "exists"): "maybe",
            },
            search="x" * 201,
            sort="-name,shoe_size,name",
            count="guess",
        )
    ) == {
        ("filter[colour]", "unknown_field"),
        ("filter[status][gte]", "unknown_operator"),
        ("filter[created_at]", "invalid_value"),
        ("filter[id]", "invalid_value"),
        ("filter[username]", "invalid_value"),
        ("q", "too_long"),
        ("sort", "unknown_field"),
        ("sort", "repeated"),
        ("count", "unknown"),
    }


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        (replace(PLAIN, limit=0), ("limit", "out_of_range")),
        (replace(PLAIN, limit=201), ("limit", "out_of_range")),
        (replace(PLAIN, page=0), ("page", "out_of_range")),
        (replace(PLAIN, page=1, cursor="x"), ("cursor", "exclusive")),
        (replace(PLAIN, sort="role"), ("sort", "unknown_field")),
        (replace(PLAIN, sort=""), None),
        (
            replace(PLAIN, filters={("id", "in"): ",".join(["7"] * 101)}),
            ("filter[id]", "invalid_value"),
        ),
        (
            replace(PLAIN, filters={("name", f"{n}"): "" for n in range(21)}),
            ("filter", "too_many"),
        ),
    ],
)
def test_windows_and_sizes_are_bounded(query: ListQuery, fault: tuple[str, str] | None) -> None:
    if fault is None:
        assert select(query).limit == query.limit
    else:
        assert fault in faults_of(query)


def test_pages_end_at_row_ten_thousand() -> None:
    assert select(replace(PLAIN, page=50, limit=200)).offset == 9_800
    with pytest.raises(PageTooDeep):
        select(replace(PLAIN, page=51, limit=200))


QUERY = replace(PLAIN, sort="-last_sign_in_at,email,status", filters={("name", "eq"): "a"})
UUIDS = st.uuids()
ROWS = st.tuples(
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=50),
    st.sampled_from(["active", "pending", "suspended"]),
    UUIDS,
)


def cursor_to(values: tuple[object, ...]) -> str:
    selection = select(QUERY)
    page: Page[object] = Page(items=(), next=Position(values))
    cursor = LISTS.listing(page, QUERY, selection).next_cursor
    assert cursor is not None
    return cursor


@given(ROWS)
def test_a_cursor_comes_back_as_the_position_it_was_made_of(values: tuple[object, ...]) -> None:
    values = (values[0], fold(str(values[1])), *values[2:])
    cursor = cursor_to(values)
    assert select(replace(QUERY, cursor=cursor)).after == Position(values)


def test_a_cursor_is_bound_to_its_sort_filter_and_search() -> None:
    cursor = cursor_to((NOW, "a@b.cd", "active", UUID(int=7)))
    for other in (
        replace(QUERY, sort="last_sign_in_at,email,status"),
        replace(QUERY, filters={("name", "eq"): "b"}),
        replace(QUERY, filters={}),
        replace(QUERY, search="ada"),
    ):
        with pytest.raises(InvalidCursor):
            select(replace(other, cursor=cursor))


@given(st.integers(min_value=0), st.characters(codec="ascii"))
def test_a_cursor_changed_anywhere_is_refused(place: int, char: str) -> None:
    cursor = cursor_to((NOW, "a@b.cd", "active", UUID(int=7)))
    place %= len(cursor)
    changed = cursor[:place] + char + cursor[place + 1 :]
    if changed == cursor:
        return
    with pytest.raises(InvalidCursor):
        select(replace(QUERY, cursor=changed))


@given(st.text(max_size=200))
def test_no_text_makes_a_cursor_do_anything_but_be_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        select(replace(QUERY, cursor=text))


def test_a_cursor_of_another_key_is_refused() -> None:
    cursor = cursor_to((NOW, "a@b.cd", "active", UUID(int=7)))
    with pytest.raises(InvalidCursor):
        Lists(Secret(b"o" * 32)).select(
            replace(QUERY, cursor=cursor), FIELDS, default_sort=DEFAULT_SORT
        )


def test_a_cursor_of_endless_length_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        select(replace(QUERY, cursor="A" * 5000))


def test_the_longest_name_in_any_script_has_a_cursor() -> None:
    query = replace(PLAIN, sort="name,email")
    selection = select(query)
    for name in ("\ufdfa" * 22, "\U0001f989" * 200, "\u0390" * 130):
        values = (fold(parse_name(name)), "x" * 254, UUID(int=7))
        page: Page[object] = Page(items=(), next=Position(values))
        cursor = LISTS.listing(page, query, selection).next_cursor
        assert select(replace(query, cursor=cursor)).after == Position(values)
