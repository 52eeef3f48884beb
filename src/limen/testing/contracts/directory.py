"""What `limen.ports.users.Users.list` promises: the answer of a plain Python model, always."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

import pytest
import pytest_asyncio
from hypothesis import example, given
from hypothesis import strategies as st

from limen.core.ids import UserId
from limen.core.page import Condition, Count, Operator, Page, Selection, Sort
from limen.core.roles.model import ADMIN, Grant
from limen.core.text import fold
from limen.core.users.directory import FIELDS
from limen.core.users.model import Status, User, UserKind
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.builders import a_grant, a_role, a_user
from limen.testing.contract import Contract, examples
from limen.testing.contracts.comparison import assert_same
from limen.testing.contracts.steps import keep, look
from limen.testing.fakes import NOON

# Ties, nothing, case, composed and wide characters, wildcards, code points beyond 16 bits, and
# what a collation would put elsewhere than its code point does.
_NAMES: Final = (
    "", "ada", "Ada", "ADA ", "Åda", "A\u030ada", "straße", "STRASSE", "%", "_", "a_a", "a%a",
    "\\", "'", '"', "ab", "a-b", "a b", "日本", "\uffee", "🜁", "zz", "Zoë", "ﬁ",
)  # fmt: skip
_INSTANTS: Final = (
    None, NOON - timedelta(days=400), NOON, NOON + timedelta(microseconds=1),
    NOON + timedelta(days=9),
)  # fmt: skip
_LOCALES: Final = (None, "de", "de-AT", "zh-Hant-TW", "den", "en-x-de")
_ROLES: Final = (ADMIN, "editor", "idle")
_CHOICES: Final[Mapping[str, Sequence[object]]] = {"kind": list(UserKind), "status": list(Status)}
_ENDS: Final = (None, NOON, NOON + timedelta(microseconds=1))


class Crowd:
    """The users that are in the store, and the roles that each holds."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        users: tuple[User, ...],
        roles: dict[UserId, frozenset[str]],
    ) -> None:
        """Know what was put into the store behind `unit_of_work`."""
        self.unit_of_work = unit_of_work
        self.users = users
        self.roles = roles

    async def ask(self, selection: Selection) -> Page[User]:
        """Ask the store."""
        return await look(self.unit_of_work, lambda view: view.users.list(selection, NOON))

    def expect(self, selection: Selection) -> list[User]:
        """Return what meets the selection, in its order, by the plainest Python there is."""
        found = [user for user in self.users if self._meets(user, selection)]
        for sort in reversed(selection.sort):
            found.sort(
                key=lambda user, name=sort.field: _order(_value(user, name)),  # type: ignore[misc]
                reverse=sort.descending,
            )
        return found

    def _meets(self, user: User, selection: Selection) -> bool:
        text = "\n".join((user.email.address, str(user.username or ""), user.name))
        is_found = selection.search is None or selection.search in fold(text)
        return is_found and all(self._fits(user, c) for c in selection.conditions)

    def _fits(self, user: User, condition: Condition) -> bool:
        if condition.field == "role":
            return _fits_role(self.roles[user.id], condition)
        return _fits(_value(user, condition.field), condition.operator, condition.value)


def _value(user: User, field: str) -> Any:
    match field:
        case "email":
            return user.email.key
        case "username":
            return user.username.key if user.username else None
        case "name":
            return fold(user.name)
        case "locale":
            return None if user.locale is None else fold(user.locale)
        case _:
            return getattr(user, field)


def _order(value: Any) -> tuple[bool, Any]:
    return value is not None, value


def _fits_role(roles: frozenset[str], condition: Condition) -> bool:
    wanted: Any = condition.value
    if condition.operator is Operator.IN:
        return any(role in roles for role in wanted)
    return (wanted in roles) is (condition.operator is Operator.EQ)


def _fits(value: Any, operator: Operator, wanted: Any) -> bool:
    if operator is Operator.EXISTS:
        return (value is not None) is wanted
    if value is None:
        return operator is Operator.NE
    tests: dict[Operator, Callable[[], bool]] = {
        Operator.EQ: lambda: value == wanted,
        Operator.NE: lambda: value != wanted,
        Operator.IN: lambda: value in wanted,
        Operator.GT: lambda: value > wanted,
        Operator.GTE: lambda: value >= wanted,
        Operator.LT: lambda: value < wanted,
        Operator.LTE: lambda: value <= wanted,
        Operator.PREFIX: lambda: value.startswith(wanted),
        Operator.CONTAINS: lambda: wanted in value,
    }
    return tests[operator]()


def _crowd() -> list[User]:
    users = []
    kinds, statuses = list(UserKind), list(Status)
    for number, (name, instant) in enumerate(product(_NAMES, _INSTANTS[:3])):
        users.append(
            a_user(
                email=f"{'zyx'[number % 3]}{number}@{('A', 'bücher', 'c')[number % 3]}.example",
                username=None if number % 4 == 0 else f"{'Ab'[number % 2]}_{number % 7}-{number}",
                name=name.strip(),
                locale=_LOCALES[number % 6],
                kind=kinds[number % 2],
                status=statuses[number % 3],
                created_at=_INSTANTS[1 + number % 4] or NOON,
                updated_at=NOON + timedelta(microseconds=number // 5),
                email_verified_at=instant,
                last_sign_in_at=_INSTANTS[number % 5],
            )
        )
    return users


# --- what may be asked ---


def _values(field: str) -> st.SearchStrategy[Any]:
    if field == "role":
        return st.sampled_from([*_ROLES, "nobody-has"])
    if field == "id":
        return st.sampled_from(_PEOPLE).map(lambda user: user.id)
    present = [value for user in _PEOPLE if (value := _value(user, field)) is not None]
    if field in {"email", "username", "name", "locale"}:
        parts = st.tuples(st.sampled_from(present), st.integers(0, 4), st.integers(0, 4)).map(
            lambda part: part[0][part[1] :][: part[2]] if part[2] else part[0]
        )
        return parts | st.sampled_from(["%", "_", "\\", "a%", "_a", "\U0010ffff", ""])
    if field in _CHOICES:
        return st.sampled_from(_CHOICES[field])
    shifts = st.sampled_from([timedelta(0), timedelta(microseconds=1), -timedelta(days=1)])
    return st.tuples(st.sampled_from(present), shifts).map(lambda pair: pair[0] + pair[1])


def _telling_values(name: str, operator: Operator) -> list[object]:
    """Return values that are there, that lie between those, and that nobody has."""
    if operator is Operator.EXISTS:
        return [True, False]
    if name == "role":
        values: list[Any] = [*_ROLES, "nobody-has"]
    elif name in _CHOICES:
        values = list(_CHOICES[name])
    else:
        present = sorted({v for user in _PEOPLE if (v := _value(user, name)) is not None})
        values = [present[0], present[len(present) // 2], present[-1]]
        if isinstance(values[0], str):
            values += [text[: len(text) // 2] for text in values] + ["", "zzzz", "\U0010ffff"]
        elif isinstance(values[0], datetime):
            values += [instant + timedelta(microseconds=1) for instant in values]
    if operator is Operator.IN:
        return [tuple(values), tuple(values[:1]), tuple(values[-1:])]
    return values


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Draw a condition on any field, by any of its operators."""
    field = FIELDS[draw(st.sampled_from(sorted(FIELDS)))]
    operator = Operator(draw(st.sampled_from(sorted(field.operators))))
    values = _values(field.name)
    if operator is Operator.EXISTS:
        return Condition(field.name, operator, draw(st.booleans()))
    if operator is Operator.IN:
        return Condition(
            field.name, operator, tuple(draw(st.lists(values, min_size=1, max_size=4)))
        )
    return Condition(field.name, operator, draw(values))


@st.composite
def sorts(draw: st.DrawFn) -> tuple[Sort, ...]:
    """Draw an order by up to three fields in any directions, which always ends in `id`."""
    names = sorted(name for name, field in FIELDS.items() if field.is_sortable and name != "id")
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    return tuple(Sort(name, draw(st.booleans())) for name in (*chosen, "id"))


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Draw what may be asked of a list, without a window."""
    return Selection(
        conditions=tuple(draw(st.lists(conditions(), max_size=2))),
        search=draw(st.none() | (_values("name") | _values("email")).map(fold).filter(bool)),
        sort=draw(sorts()),
        limit=200,
    )


_PEOPLE: Final = _crowd()
# Many ties; examples that are tried first, and need no search for a smaller one.
_BY_STATUS: Final = Selection(sort=(Sort("status"), Sort("id", descending=True)), limit=200)


class DirectoryContract(Contract):
    """Lists of users. Fixture: `unit_of_work`."""

    @pytest_asyncio.fixture
    async def crowd(self, unit_of_work: UnitOfWorkFactory) -> AsyncIterator[Crowd]:
        """Give a store with a few dozen users who differ in every way that matters."""
        roles: dict[UserId, frozenset[str]] = {}
        grants: list[Grant] = []
        for number, user in enumerate(_PEOPLE):
            given, ends_at = _ROLES[: number % 3], _ENDS[number // 3 % 3]
            roles[user.id] = frozenset(() if ends_at == NOON else given)
            grants += [a_grant(user.id, role, ends_at=ends_at) for role in given]
        await keep(unit_of_work, *_PEOPLE, *map(a_role, _ROLES[1:]), *grants)
        yield Crowd(unit_of_work, tuple(_PEOPLE), roles)

    @pytest.mark.parametrize(
        ("name", "operator"),
        [(name, Operator(op)) for name in FIELDS for op in sorted(FIELDS[name].operators)],
    )
    async def test_every_operator_of_every_field_finds_what_it_says(
        self, crowd: Crowd, name: str, operator: Operator
    ) -> None:
        for value in _telling_values(name, operator):
            selection = Selection(conditions=(Condition(name, operator, value),), limit=200)
            page = await crowd.ask(selection)
            assert _names(page.items) == _names(crowd.expect(selection)), value

    @pytest.mark.parametrize("text", ["%", "_", "\\", "a%", "a_", "\\%", "*", "?", "'", '"', "a%a"])
    async def test_wildcards_in_values_and_searches_are_literal(
        self, crowd: Crowd, text: str
    ) -> None:
        operators = (Operator.EQ, Operator.PREFIX, Operator.CONTAINS)
        conditions = [Condition("name", operator, text) for operator in operators]
        asked = [Selection(conditions=(condition,), limit=200) for condition in conditions]
        for selection in (*asked, Selection(search=text, limit=200)):
            page = await crowd.ask(selection)
            assert _names(page.items) == _names(crowd.expect(selection)), selection

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("name", [n for n, field in FIELDS.items() if field.is_sortable])
    async def test_every_field_sorts_by_code_point_with_nothing_before_everything(
        self, crowd: Crowd, name: str, *, descending: bool
    ) -> None:
        sort = (Sort(name, descending), Sort("id"))[: 1 if name == "id" else 2]
        page = await crowd.ask(Selection(sort=sort, limit=200))
        assert _names(page.items) == _names(crowd.expect(Selection(sort=sort)))

    @examples(60)
    @given(selection=selections())
    async def test_a_list_is_the_filtered_and_sorted_users(
        self, crowd: Crowd, selection: Selection
    ) -> None:
        page = await crowd.ask(selection)
        expected = crowd.expect(selection)
        assert _names(page.items) == _names(expected)
        assert_same(list(page.items), expected)
        assert page.next is None

    @examples(60)
    @given(selection=selections(), limit=st.integers(1, 30))
    @example(selection=_BY_STATUS, limit=7)
    async def test_a_walk_gives_every_row_exactly_once_in_order(
        self, crowd: Crowd, selection: Selection, limit: int
    ) -> None:
        walked: list[User] = []
        step = replace(selection, limit=limit)
        for _ in range(len(crowd.users) + 1):
            page = await crowd.ask(step)
            assert len(page.items) <= limit
            walked += page.items
            if page.next is None:
                break
            step = replace(step, after=page.next)
        assert _names(walked) == _names(crowd.expect(selection))

    @examples(60)
    @example(selection=_BY_STATUS, offset=10, limit=7)
    @given(selection=selections(), offset=st.integers(0, 80), limit=st.integers(1, 30))
    async def test_an_offset_skips_rows_and_the_position_goes_on_from_there(
        self, crowd: Crowd, selection: Selection, offset: int, limit: int
    ) -> None:
        expected = crowd.expect(selection)
        page = await crowd.ask(replace(selection, offset=offset, limit=limit))
        assert _names(page.items) == _names(expected[offset : offset + limit])
        if page.next is None:
            assert len(expected) <= offset + limit
            return
        rest = await crowd.ask(replace(selection, after=page.next))
        assert _names(rest.items) == _names(expected[offset + limit :])

    @examples(60)
    @given(selection=selections(), limit=st.integers(1, 30))
    @example(selection=_BY_STATUS, limit=7)
    async def test_an_exact_count_is_of_all_rows_whatever_the_window(
        self, crowd: Crowd, selection: Selection, limit: int
    ) -> None:
        counted = replace(selection, limit=limit, count=Count.EXACT)
        expected = len(crowd.expect(selection))
        page = await crowd.ask(counted)
        assert page.total == expected
        if page.next is not None:
            assert (await crowd.ask(replace(counted, after=page.next))).total == expected
        assert (await crowd.ask(replace(counted, offset=7))).total == expected

    async def test_a_list_does_not_count_unless_asked(self, crowd: Crowd) -> None:
        assert (await crowd.ask(Selection())).total is None

    async def test_an_estimated_count_is_a_number(self, crowd: Crowd) -> None:
        total = (await crowd.ask(Selection(count=Count.ESTIMATE))).total
        assert total is not None
        assert total >= 0

    async def test_an_empty_store_gives_an_empty_page(
        self, unit_of_work: UnitOfWorkFactory
    ) -> None:
        selection = Selection(count=Count.EXACT)
        page = await look(unit_of_work, lambda view: view.users.list(selection, NOON))
        assert page == Page(items=(), total=0, next=None)

    @pytest.mark.parametrize("descending", [False, True])
    async def test_a_walk_gives_rows_once_although_others_come_and_go(
        self, crowd: Crowd, *, descending: bool
    ) -> None:
        sort = (Sort("name", descending), Sort("id", descending))
        selection = Selection(sort=sort, limit=9)
        walked: list[User] = []
        passing: list[User] = []
        for _ in range(len(crowd.users)):
            page = await crowd.ask(selection)
            walked += page.items
            if page.next is None:
                break
            async with crowd.unit_of_work() as uow:
                if passing:
                    await uow.users.remove(passing[-1].id)
                passing.append(a_user(name=page.items[-1].name))
                await uow.users.add(passing[-1])
                await uow.commit()
            selection = replace(selection, after=page.next)
        seen = [user for user in walked if user in crowd.users]
        assert _names(seen) == _names(crowd.expect(replace(selection, after=None)))

    async def test_a_position_stays_good_when_its_row_is_gone(self, crowd: Crowd) -> None:
        selection = Selection(sort=(Sort("name"), Sort("id", descending=True)), limit=10)
        page = await crowd.ask(selection)
        async with crowd.unit_of_work() as uow:
            await uow.users.remove(page.items[-1].id)
            await uow.commit()
        rest = await crowd.ask(replace(selection, after=page.next, limit=200))
        assert _names(rest.items) == _names(crowd.expect(selection)[10:])


def _names(users: Sequence[User]) -> list[str]:
    return [f"{user.name!r} {user.email.key}" for user in users]
