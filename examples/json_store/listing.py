"""Lists of users: filter, sort, cut."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from examples.json_store.directory import Row
from examples.json_store.tables import Tables
from limen.core.page import Condition, Count, Operator, Page, Position, Selection, Sort
from limen.core.text import fold
from limen.core.users.model import User, UserKind

Value = Any


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row, the roles its user holds, and the form in which each field is compared."""

    row: Row
    roles: frozenset[str]

    def value(self, field: str) -> Value:
        return _VALUES[field](self.row)

    def meets(self, condition: Condition) -> bool:
        wanted: Value = condition.value
        if condition.field != "role":
            return _COMPARE[condition.operator](self.value(condition.field), wanted)
        if condition.operator is Operator.IN:
            return not self.roles.isdisjoint(wanted)
        return (wanted in self.roles) is (condition.operator is Operator.EQ)

    def has(self, search: str | None) -> bool:
        if search is None:
            return True
        username = self.row["username"]
        texts = (self.row["email"]["address"], username["name"] if username else "")
        return search in fold("\n".join((*texts, self.row["name"])))

    def is_behind(self, position: Position, sort: tuple[Sort, ...]) -> bool:
        for key, there in zip(sort, position.values, strict=True):
            here = self.value(key.field)
            if here != there:
                return (_rank(here) > _rank(there)) is not key.descending
        return False


def _instant(field: str) -> Callable[[Row], Value]:
    return lambda row: None if row[field] is None else datetime.fromisoformat(row[field])


_VALUES: Final[Mapping[str, Callable[[Row], Value]]] = {
    "id": lambda row: UUID(row["id"]),
    "email": lambda row: row["email"]["key"],
    "username": lambda row: row["username"] and row["username"]["key"],
    "name": lambda row: fold(row["name"]),
    "locale": lambda row: row.get("locale") and fold(row["locale"]),
    # Files from before there were others hold people alone.
    "kind": lambda row: row.get("kind", UserKind.PERSON),
    "status": lambda row: row["status"],
    "created_at": _instant("created_at"),
    "updated_at": _instant("updated_at"),
    "last_sign_in_at": _instant("last_sign_in_at"),
    "email_verified_at": _instant("email_verified_at"),
}

_COMPARE: Final[Mapping[Operator, Callable[[Value, Value], bool]]] = {
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


def select(tables: Tables, selection: Selection, now: datetime) -> Page[User]:
    """Return the page of users that `selection` asks for."""
    met = [entry for entry in _entries(tables, now) if _is_met(entry, selection)]
    for key in reversed(selection.sort):
        met.sort(key=lambda entry: _rank(entry.value(key.field)), reverse=key.descending)
    after = selection.after
    if after is None:
        rest = met[selection.offset :]
    else:
        rest = [entry for entry in met if entry.is_behind(after, selection.sort)]
    shown = rest[: selection.limit]
    return Page(
        items=tuple(tables.users.model(entry.row) for entry in shown),
        total=None if selection.count is Count.NONE else len(met),
        next=_position(shown[-1], selection.sort) if len(rest) > len(shown) else None,
    )


def _entries(tables: Tables, now: datetime) -> list[_Entry]:
    held: dict[str, set[str]] = {}
    for row in tables.grants.rows.values():
        if row["ends_at"] is None or now < datetime.fromisoformat(row["ends_at"]):
            held.setdefault(row["user_id"], set()).add(row["role"])
    rows = tables.users.rows.items()
    return [_Entry(row, frozenset(held.get(user_id, ()))) for user_id, row in rows]


def _is_met(entry: _Entry, selection: Selection) -> bool:
    return all(map(entry.meets, selection.conditions)) and entry.has(selection.search)


def _position(entry: _Entry, sort: tuple[Sort, ...]) -> Position:
    return Position(tuple(entry.value(key.field) for key in sort))


def _rank(value: Value) -> tuple[bool, Value]:
    """Order values with nothing before everything."""
    return value is not None, value
