"""From a list query as people write it to a selection a store can answer, and back to a cursor."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import Fault, InvalidCursor, InvalidQuery
from limen.core.page import (
    LONGEST_SEARCH,
    MOST_CHOICES,
    MOST_CONDITIONS,
    Condition,
    Count,
    Listing,
    ListQuery,
    Operator,
    Page,
    Position,
    Selection,
    Sort,
    T,
    rows_skipped,
    window_faults,
)
from limen.core.secret import Secret
from limen.core.text import fold

_TAG_BYTES: Final = 16
_LONGEST_CURSOR: Final = 4096
_LONGEST_VALUE: Final = 400

_ORDERED: Final = frozenset(
    {
        Operator.EQ,
        Operator.NE,
        Operator.IN,
        Operator.GTE,
        Operator.LTE,
        Operator.GT,
        Operator.LT,
    }
)
_TEXTUAL: Final = _ORDERED | {Operator.PREFIX, Operator.CONTAINS}
_CHOICE: Final = frozenset({Operator.EQ, Operator.NE, Operator.IN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field that lists can be filtered or sorted by, and how its text form is read.

    `parse` raises `ValueError` with a sentence for people.
    """

    name: str
    parse: Callable[[str], object]
    operators: frozenset[Operator]
    is_sortable: bool = True


def text_field(name: str, *, is_optional: bool = False, is_sortable: bool = True) -> Field:
    """Describe a text field, compared without regard to case (see `limen.core.text.fold`)."""
    extra = {Operator.EXISTS} if is_optional else set()
    operators = _TEXTUAL | extra
    return Field(name=name, parse=_parse_text, operators=operators, is_sortable=is_sortable)


def instant_field(name: str, *, is_optional: bool = False) -> Field:
    """Describe a field that holds an instant (RFC 3339)."""
    extra = {Operator.EXISTS} if is_optional else set()
    return Field(name=name, parse=parse_instant, operators=_ORDERED | extra)


def id_field(name: str) -> Field:
    """Describe a field that holds a UUID."""
    return Field(name=name, parse=UUID, operators=_ORDERED)


def choice_field(name: str, parse: Callable[[str], object], *, is_sortable: bool = True) -> Field:
    """Describe a field that holds one of a few names."""
    return Field(name=name, parse=parse, operators=_CHOICE, is_sortable=is_sortable)


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant; raise `ValueError` for anything without an offset."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = "must be an instant such as 2026-01-31T12:00:00Z"
    raise ValueError(message)


def _parse_text(text: str) -> str:
    if len(text) > _LONGEST_VALUE or "\0" in text:
        message = f"must be text of at most {_LONGEST_VALUE} characters"
        raise ValueError(message)
    return fold(text)


class Lists:
    """Reads list queries and writes cursors that nobody else can make.

    A cursor is bound to its sort, filters and search: with other ones, or changed by a single
    bit, it is refused (`InvalidCursor`).
    """

    def __init__(self, key: Secret[bytes]) -> None:
        """Seal cursors with `key`, at least 32 random bytes shared by all nodes."""
        self._key = key

    def select(
        self, query: ListQuery, fields: Mapping[str, Field], *, default_sort: str
    ) -> Selection:
        """Return what the store is to be asked; raise `InvalidQuery` naming every fault."""
        faults = [*query.faults, *window_faults(query)]
        conditions = _read_conditions(query.filters, fields, faults)
        sort = _read_sort(query.sort or default_sort, fields, faults)
        search = _read_search(query.search, faults)
        count = _read_count(query, faults)
        if faults:
            raise InvalidQuery(details=tuple(faults))
        offset = rows_skipped(query)
        selection = Selection(
            conditions=conditions,
            search=search,
            sort=sort,
            offset=offset,
            limit=query.limit,
            count=count,
        )
        if query.cursor is None:
            return selection
        after = self._open(query.cursor, selection, fields)
        return Selection(
            conditions=conditions,
            search=search,
            sort=sort,
            after=after,
            limit=query.limit,
            count=count,
        )

    def listing(self, page: Page[T], query: ListQuery, selection: Selection) -> Listing[T]:
        """Return `page` as people get it."""
        return Listing(
            items=page.items,
            limit=query.limit,
            page=query.page,
            total=page.total,
            next_cursor=self._seal(page.next, selection) if page.next else None,
        )

    def _seal(self, position: Position, selection: Selection) -> str:
        values = [_write(value) for value in position.values]
        body = json.dumps(values, ensure_ascii=False).encode()
        tag = self._tag(body, selection)
        return write_base64url(tag + body)

    def _open(self, cursor: str, selection: Selection, fields: Mapping[str, Field]) -> Position:
        if len(cursor) > _LONGEST_CURSOR:
            raise InvalidCursor
        try:
            raw = read_base64url(cursor)
        except ValueError:
            raise InvalidCursor from None
        tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(body, selection)):
            raise InvalidCursor
        texts = json.loads(body)
        kinds = [fields[sort.field] for sort in selection.sort]
        return Position(
            tuple(
                None if text is None else field.parse(text)
                for field, text in zip(kinds, texts, strict=True)
            )
        )

    def _tag(self, body: bytes, selection: Selection) -> bytes:
        bound = [
            [[c.field, c.operator, _write(c.value)] for c in selection.conditions],
            [[s.field, s.descending] for s in selection.sort],
            selection.search,
        ]
        message = b"limen cursor 1\0" + json.dumps(bound).encode() + b"\0" + body
        return hmac.digest(self._key.reveal(), message, hashlib.sha256)[:_TAG_BYTES]


def _write(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case tuple():
            return [_write(item) for item in value]
        case bool() | None:
            return value
        case _:
            return str(value)


def _read_conditions(
    filters: Mapping[tuple[str, str], str], fields: Mapping[str, Field], faults: list[Fault]
) -> tuple[Condition, ...]:
    if len(filters) > MOST_CONDITIONS:
        faults.append(Fault("filter", "too_many", f"at most {MOST_CONDITIONS} filters"))
        return ()
    found = []
    for (name, operator), text in filters.items():
        place = f"filter[{name}]"
        field = fields.get(name)
        if field is None:
            known = ", ".join(sorted(fields))
            faults.append(Fault(place, "unknown_field", f"unknown; filters are on {known}"))
        elif operator not in field.operators:
            known = ", ".join(sorted(field.operators))
            faults.append(
                Fault(f"{place}[{operator}]", "unknown_operator", f"unknown; may be {known}")
            )
        else:
            try:
                value = _read_value(field, Operator(operator), text)
            except ValueError as error:
                faults.append(Fault(place, "invalid_value", _sentence(field, error)))
            else:
                found.append(Condition(name, Operator(operator), value))
    return tuple(found)


def _sentence(field: Field, error: ValueError) -> str:
    return "must be a UUID" if field.parse is UUID else str(error)


def _read_value(field: Field, operator: Operator, text: str) -> object:
    if operator is Operator.EXISTS:
        if text not in {"true", "false"}:
            message = "must be true or false"
            raise ValueError(message)
        return text == "true"
    if operator is Operator.IN:
        choices = text.split(",")
        if len(choices) > MOST_CHOICES:
            message = f"must hold at most {MOST_CHOICES} values"
            raise ValueError(message)
        return tuple(field.parse(choice) for choice in choices)
    return field.parse(text)


def _read_sort(text: str, fields: Mapping[str, Field], faults: list[Fault]) -> tuple[Sort, ...]:
    found: dict[str, Sort] = {}
    for part in text.split(","):
        name = part.removeprefix("-")
        if name not in fields or not fields[name].is_sortable:
            known = ", ".join(sorted(name for name, field in fields.items() if field.is_sortable))
            faults.append(
                Fault("sort", "unknown_field", f"cannot sort by {name!r}; may be {known}")
            )
        elif name in found:
            faults.append(Fault("sort", "repeated", f"{name!r} stands twice"))
        else:
            found[name] = Sort(name, descending=part.startswith("-"))
        if name == "id":
            break
    if "id" not in found:
        last = next(reversed(found.values()), Sort("id"))
        found["id"] = Sort("id", descending=last.descending)
    return tuple(found.values())


def _read_search(text: str | None, faults: list[Fault]) -> str | None:
    if text is None or not text.strip():
        return None
    if len(text) > LONGEST_SEARCH or "\0" in text:
        faults.append(Fault("q", "too_long", f"at most {LONGEST_SEARCH} characters of text"))
        return None
    return fold(text.strip())


def _read_count(query: ListQuery, faults: list[Fault]) -> Count:
    if query.count is None:
        return Count.EXACT if query.page is not None else Count.NONE
    try:
        return Count(query.count)
    except ValueError:
        faults.append(Fault("count", "unknown", "must be none, exact or estimate"))
        return Count.NONE
