"""Selections as SQL: filters, keysets and counts, each compiled once for its shape.

Two selections have the same shape if they differ in values alone; then they are one statement.
"""

import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import and_, exists, false, func, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import POSTGRESQL, Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import NO_INSTANT, NO_TEXT, SORT_KEYS, grants, users
from limen.core.page import Condition, Count, Operator, Position, Selection, Sort
from limen.core.text import fold
from limen.core.users.model import User

_SHAPES_KEPT: Final = 256
# Up to here an estimate is exact.
_MOST_COUNTED: Final = 10_000
_LAST_CODE_POINT: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)

_FILTERED: Final[Mapping[str, ColumnElement[Any]]] = {
    **SORT_KEYS,
    "kind": users.c.kind,
    "username": users.c.username_key,
    # Language tags are ASCII, which has one lower case everywhere.
    "locale": func.lower(users.c.locale),
    "last_sign_in_at": users.c.last_sign_in_at,
    "email_verified_at": users.c.email_verified_at,
}
_LOWEST: Final[Mapping[str, ColumnElement[Any]]] = {
    "username": NO_TEXT,
    "last_sign_in_at": NO_INSTANT,
    "email_verified_at": NO_INSTANT,
}
# Behind a key that is unique and always there, nothing more decides the order.
_UNIQUE: Final = frozenset({"id", "email"})


@dataclass(frozen=True, slots=True)
class _Filter:
    """A condition without its value; `size` is the number of its parameters."""

    field: str
    operator: Operator
    size: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """All that makes one statement another.

    `after` tells which values of a position are missing.
    """

    filters: tuple[_Filter, ...]
    searches: bool
    sort: tuple[Sort, ...] = ()
    after: tuple[bool, ...] | None = None
    skips: bool = False


@dataclass(slots=True)
class _Parameters:
    """Collects the values that stand in a statement as `p0`, `p1` and so on, and `now`."""

    now: datetime
    _added: list[object] = field(default_factory=list)

    def add(self, *values: object) -> int:
        self._added += values
        return len(values)

    @property
    def values(self) -> dict[str, object]:
        return {"now": self.now, **{f"p{place}": v for place, v in enumerate(self._added)}}


async def fetch_page(
    desk: Desk, columns: tuple[ColumnElement[Any], ...], selection: Selection, now: datetime
) -> tuple[Sequence[Row], bool]:
    """Return the rows of a page, and whether there are more behind them."""
    parameters = _Parameters(now)
    filters = _read_filters(selection, parameters)
    sort = _deciding(selection.sort)
    after = None
    if selection.after is not None:
        deciding = selection.after.values[: len(sort)]
        after = tuple(value is None for value in deciding)
        parameters.add(*(value for value in deciding if value is not None))
    shape = _Shape(filters, selection.search is not None, sort, after, selection.offset > 0)
    values = {**parameters.values, "limit": selection.limit + 1, "offset": selection.offset}
    rows = await desk.fetch_all(_list_statement(columns, shape), **values)
    return rows[: selection.limit], len(rows) > selection.limit


async def count_rows(desk: Desk, selection: Selection, now: datetime) -> int | None:
    """Return how many rows meet the conditions, as exactly as asked."""
    if selection.count is Count.NONE:
        return None
    parameters = _Parameters(now)
    shape = _Shape(_read_filters(selection, parameters), selection.search is not None)
    if selection.count is Count.EXACT or desk.dialect.name != POSTGRESQL:
        row = await desk.fetch_one(_count_statement(shape, is_bounded=False), **parameters.values)
        return row[0] if row else 0
    return await _estimate(desk, shape, parameters)


def position_of(user: User, selection: Selection) -> Position:
    """Return where a walk stands behind `user`."""
    values = {
        "id": user.id,
        "email": user.email.key,
        "username": None if user.username is None else user.username.key,
        "name": fold(user.name),
        "status": user.status,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "last_sign_in_at": user.last_sign_in_at,
        "email_verified_at": user.email_verified_at,
    }
    return Position(tuple(values[key.field] for key in selection.sort))


# --- values ----------------------------------------------------------------------------------


def _read_filters(selection: Selection, parameters: _Parameters) -> tuple[_Filter, ...]:
    filters = tuple(_read_filter(condition, parameters) for condition in selection.conditions)
    if selection.search is not None:
        parameters.add(_pattern(selection.search))
    return filters


def _read_filter(condition: Condition, parameters: _Parameters) -> _Filter:
    if condition.operator is Operator.EXISTS:
        # No parameter: its two values are two shapes.
        return _Filter(condition.field, condition.operator, int(condition.value is True))
    size = parameters.add(*_values(condition))
    return _Filter(condition.field, condition.operator, size)


def _values(condition: Condition) -> tuple[object, ...]:
    match condition.operator, condition.value:
        case Operator.IN, tuple() as choices:
            return _padded(choices)
        case Operator.PREFIX, str() as start:
            end = _end_of_prefix(start)
            return (start,) if end is None else (start, end)
        case Operator.CONTAINS, str() as part:
            return (_pattern(part),)
        case _, value:
            return (value,)


def _padded(choices: tuple[object, ...]) -> tuple[object, ...]:
    """Repeat the last choice up to a power of two: few shapes for all numbers of choices."""
    if not choices:
        return ()
    size = 1 << (len(choices) - 1).bit_length()
    return choices + choices[-1:] * (size - len(choices))


def _pattern(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _end_of_prefix(start: str) -> str | None:
    """Return the first text behind all that begin with `start`; `None` if there is none."""
    points = [ord(char) for char in start]
    while points and points[-1] == _LAST_CODE_POINT:
        points.pop()
    if not points:
        return None
    points[-1] += 1
    if points[-1] in _SURROGATES:
        points[-1] = _SURROGATES.stop
    return "".join(map(chr, points))


def _deciding(sort: tuple[Sort, ...]) -> tuple[Sort, ...]:
    for place, key in enumerate(sort, start=1):
        if key.field in _UNIQUE:
            return sort[:place]
    return sort


# --- statements ------------------------------------------------------------------------------


class _Binds:
    """Hands out the parameters of a statement in the order of their values."""

    def __init__(self) -> None:
        self._count = 0

    def next(self, like: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the next parameter, of the type of `like`."""
        name, self._count = f"p{self._count}", self._count + 1
        return bindparam(name, type_=like.type)


@lru_cache(_SHAPES_KEPT)
def _list_statement(columns: tuple[ColumnElement[Any], ...], shape: _Shape) -> Statement:
    binds = _Binds()
    element = select(*columns).where(*_conditions(shape, binds)).limit(bindparam("limit"))
    if shape.after is not None:
        element = element.where(_is_behind(shape.sort, shape.after, binds))
    for key in shape.sort:
        column = SORT_KEYS[key.field]
        element = element.order_by(column.desc() if key.descending else column.asc())
    return Statement(element.offset(bindparam("offset")) if shape.skips else element)


@lru_cache(_SHAPES_KEPT)
def _count_statement(shape: _Shape, *, is_bounded: bool) -> Statement:
    met = select(users.c.id).where(*_conditions(shape, _Binds()))
    if is_bounded:
        met = met.limit(_MOST_COUNTED + 1)
    return Statement(select(func.count()).select_from(met.subquery()))


@lru_cache(_SHAPES_KEPT)
def _plan_statement(shape: _Shape) -> Statement:
    met = select(users.c.id).where(*_conditions(shape, _Binds()))
    return Statement(met, prefix="EXPLAIN (FORMAT JSON) ")


async def _estimate(desk: Desk, shape: _Shape, parameters: _Parameters) -> int:
    """Count a bounded number of rows; beyond, believe the planner."""
    counted = await desk.fetch_one(_count_statement(shape, is_bounded=True), **parameters.values)
    if counted is None or counted[0] <= _MOST_COUNTED:
        return 0 if counted is None else int(counted[0])
    plan = await desk.fetch_one(_plan_statement(shape), **parameters.values)
    guess: int = json.loads(plan[0])[0]["Plan"]["Plan Rows"] if plan else 0
    return max(guess, int(counted[0]))


def _conditions(shape: _Shape, binds: _Binds) -> list[ColumnElement[bool]]:
    found = [_condition(met, binds) for met in shape.filters]
    if shape.searches:
        text = users.c.search_text
        found.append(text.like(binds.next(text), escape="\\"))
    return found


def _condition(met: _Filter, binds: _Binds) -> ColumnElement[bool]:
    if met.field != "role":
        return _compare(_FILTERED[met.field], met, binds)
    has_role = exists().where(
        grants.c.user_id == users.c.id,
        or_(grants.c.ends_at.is_(None), grants.c.ends_at > bindparam("now", type_=Instant)),
    )
    if met.operator is Operator.NE:
        return ~has_role.where(grants.c.role == binds.next(grants.c.role))
    return has_role.where(_compare(grants.c.role, met, binds))


def _compare(column: ColumnElement[Any], met: _Filter, binds: _Binds) -> ColumnElement[bool]:
    match met.operator:
        case Operator.IN:
            choices = [binds.next(column) for _ in range(met.size)]
            return column.in_(choices) if choices else false()
        case Operator.NE:
            return column.is_distinct_from(binds.next(column))
        case Operator.PREFIX:
            starts = column >= binds.next(column)
            return and_(starts, column < binds.next(column)) if met.size > 1 else starts
        case Operator.CONTAINS:
            return column.like(binds.next(column), escape="\\")
        case Operator.EXISTS:
            return column.is_not(None) if met.size else column.is_(None)
        case _:
            compared: ColumnElement[bool] = _ORDERINGS[met.operator](column, binds.next(column))
            return compared


_ORDERINGS: Final = {
    Operator.EQ: operator.eq,
    Operator.GTE: operator.ge,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.LT: operator.lt,
}


def _is_behind(
    sort: tuple[Sort, ...], missing: tuple[bool, ...], binds: _Binds
) -> ColumnElement[bool]:
    """Compare with a position: as rows where all keys run one way, else key by key."""
    keys = [SORT_KEYS[key.field] for key in sort]
    there = [
        _LOWEST[key.field] if is_missing else binds.next(column)
        for key, column, is_missing in zip(sort, keys, missing, strict=True)
    ]
    if len(keys) == 1:
        return _passes(sort[0], keys[0], there[0])
    if len({key.descending for key in sort}) == 1:
        return _passes(sort[0], tuple_(*keys), tuple_(*there))
    behind: ColumnElement[bool] = false()
    for key, column, value in reversed(list(zip(sort, keys, there, strict=True))):
        behind = or_(_passes(key, column, value), and_(column == value, behind))
    # Said again for the first key alone, in a form that is a range of its index.
    first = keys[0] <= there[0] if sort[0].descending else keys[0] >= there[0]
    return and_(first, behind)


def _passes(key: Sort, here: ColumnElement[Any], there: ColumnElement[Any]) -> ColumnElement[bool]:
    return here < there if key.descending else here > there
