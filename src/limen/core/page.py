"""Lists: what may be asked of them, and what comes back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from limen.core.errors import Fault, PageTooDeep

T = TypeVar("T")

DEFAULT_LIMIT: Final = 20
LARGEST_LIMIT: Final = 200
DEEPEST_ROW: Final = 10_000
LONGEST_SEARCH: Final = 200
MOST_CONDITIONS: Final = 20
MOST_CHOICES: Final = 100


class Operator(StrEnum):
    """How a condition compares a field with a value."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    GTE = "gte"
    LTE = "lte"
    GT = "gt"
    LT = "lt"
    PREFIX = "prefix"
    CONTAINS = "contains"
    EXISTS = "exists"


class Count(StrEnum):
    """How much a list says about how many rows there are in all."""

    NONE = "none"
    EXACT = "exact"
    ESTIMATE = "estimate"


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter: `field` `operator` `value`; the value has the field's own type.

    `IN` takes a tuple, `EXISTS` a bool; every other operator takes one value.
    """

    field: str
    operator: Operator
    value: object


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort key; ascending unless said."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where a walk stands: the sort values of the last row seen, its id last."""

    values: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a store is asked for: conditions joined by *and*, an order, a window.

    `search` is folded text to find in the searchable fields. The order always ends in `id`, so
    that it is total. `after` continues behind a position; `offset` skips rows instead; never both.
    """

    conditions: tuple[Condition, ...] = ()
    search: str | None = None
    sort: tuple[Sort, ...] = (Sort("id"),)
    after: Position | None = None
    offset: int = 0
    limit: int = DEFAULT_LIMIT
    count: Count = Count.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some rows in order, how many there are in all if asked, and where to go on."""

    items: tuple[T, ...]
    total: int | None = None
    next: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A page as people get it: with an opaque cursor to the next one."""

    items: tuple[T, ...]
    limit: int
    page: int | None = None
    total: int | None = None
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A list as people ask for it, before any check.

    `filters` maps `(field, operator)` to text, as it stands in a query string; `sort` is the
    comma-separated form (`-created_at,email`). Give `page` or `cursor`, not both. `faults` are
    those that a door found while reading the rest, to be told with those found here.
    """

    filters: Mapping[tuple[str, str], str]
    search: str | None = None
    sort: str | None = None
    page: int | None = None
    cursor: str | None = None
    limit: int = DEFAULT_LIMIT
    count: str | None = None
    faults: tuple[Fault, ...] = ()


def window_faults(query: ListQuery) -> Iterator[Fault]:
    """Name what is out of bounds in the window of a query."""
    if not 1 <= query.limit <= LARGEST_LIMIT:
        yield Fault("limit", "out_of_range", f"must be 1 to {LARGEST_LIMIT}")
    if query.page is not None and query.page < 1:
        yield Fault("page", "out_of_range", "must be 1 or more")
    if query.page is not None and query.cursor is not None:
        yield Fault("cursor", "exclusive", "give either a page or a cursor")


def rows_skipped(query: ListQuery) -> int:
    """Return how many rows a query without faults skips; raise `PageTooDeep` for too many."""
    skipped = ((query.page or 1) - 1) * query.limit
    if skipped + query.limit > DEEPEST_ROW:
        raise PageTooDeep
    return skipped
