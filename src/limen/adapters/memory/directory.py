"""Lists of users in memory: filter, sort, cut."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from limen.adapters.memory.store import Rows
from limen.core.page import Condition, Count, Operator, Page, Position, Selection, Sort
from limen.core.roles.model import Grant
from limen.core.text import fold
from limen.core.users.model import User

# Values of one field are of one type, or nothing; which type is the field's affair.
Value = Any


@dataclass(frozen=True, slots=True)
class _Row:
    """A user, the roles they hold, and the form in which each field is compared."""

    user: User
    roles: frozenset[str]

    def value(self, field: str) -> Value:
        return _VALUES[field](self.user)

    def meets(self, condition: Condition) -> bool:
        if condition.field == "role":
            return self._meets_role(condition)
        return _COMPARE[condition.operator](self.value(condition.field), condition.value)

    def _meets_role(self, condition: Condition) -> bool:
        wanted = condition.value
        match condition.operator, wanted:
            case Operator.EQ, _:
                return wanted in self.roles
            case Operator.NE, _:
                return wanted not in self.roles
            case _, tuple():
                return not self.roles.isdisjoint(wanted)
            case _:
                message = f"role cannot be compared by {condition.operator}"
                raise ValueError(message)

    def position(self, sort: tuple[Sort, ...]) -> Position:
        return Position(tuple(self.value(key.field) for key in sort))

    def is_behind(self, position: Position, sort: tuple[Sort, ...]) -> bool:
        for key, there in zip(sort, position.values, strict=True):
            here = self.value(key.field)
            if here != there:
                return (_rank(here) > _rank(there)) is not key.descending
        return False


_VALUES: dict[str, Callable[[User], Value]] = {
    "id": lambda user: user.id,
    "email": lambda user: user.email.key,
    "username": lambda user: None if user.username is None else user.username.key,
    "name": lambda user: fold(user.name),
    "locale": lambda user: None if user.locale is None else fold(user.locale),
    "kind": lambda user: user.kind.value,
    "status": lambda user: user.status.value,
    "created_at": lambda user: user.created_at,
    "updated_at": lambda user: user.updated_at,
    "last_sign_in_at": lambda user: user.last_sign_in_at,
    "email_verified_at": lambda user: user.email_verified_at,
}

_COMPARE: dict[Operator, Callable[[Value, Value], bool]] = {
    Operator.EQ: lambda here, wanted: here == wanted,
    Operator.NE: lambda here, wanted: here != wanted,
    Operator.IN: lambda here, wanted: here in wanted,
    Operator.GTE: lambda here, wanted: here is not None and here >= wanted,
    Operator.LTE: lambda here, wanted: here is not None and here <= wanted,
    Operator.GT: lambda here, wanted: here is not None and here > wanted,
    Operator.LT: lambda here, wanted: here is not None and here < wanted,
    Operator.PREFIX: lambda here, wanted: here is not None and here.startswith(wanted),
    Operator.CONTAINS: lambda here, wanted: here is not None and wanted in here,
    Operator.EXISTS: lambda here, wanted: (here is not None) is wanted,
}


def select(rows: Rows, selection: Selection, now: datetime) -> Page[User]:
    """Return the page of users that `selection` asks for."""
    met = [row for row in _all(rows, now) if _is_met(row, selection)]
    for key in reversed(selection.sort):
        met.sort(key=lambda row: _rank(row.value(key.field)), reverse=key.descending)
    after = selection.after
    if after is None:
        rest = met[selection.offset :]
    else:
        rest = [row for row in met if row.is_behind(after, selection.sort)]
    shown = rest[: selection.limit]
    return Page(
        items=tuple(row.user for row in shown),
        total=None if selection.count is Count.NONE else len(met),
        next=shown[-1].position(selection.sort) if len(rest) > len(shown) else None,
    )


def _all(rows: Rows, now: datetime) -> list[_Row]:
    return [_Row(user, _held(rows.grants.get(user.id) or (), now)) for user in rows.users.values()]


def _held(grants: Iterable[Grant], now: datetime) -> frozenset[str]:
    return frozenset(grant.role for grant in grants if grant.is_live(now))


def _is_met(row: _Row, selection: Selection) -> bool:
    search = selection.search
    return all(map(row.meets, selection.conditions)) and (
        search is None or search in row.user.search_text
    )


def _rank(value: Value) -> tuple[bool, Value]:
    """Order values with nothing before everything."""
    return value is not None, value
