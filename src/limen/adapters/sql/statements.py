"""Statements, built once with SQLAlchemy and compiled once per database.

The driver, not the database, is the cost of a small query: a compiled statement is its text, the
order of its parameters and what to convert, and goes to the driver without any further layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from sqlalchemy import Delete, Select, Table, select
from sqlalchemy import func as functions
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate, Update
from sqlalchemy.sql.expression import bindparam
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.types import TypeEngine

from limen.adapters.sql.columns import POSTGRESQL, Converter
from limen.core.errors import LimenError

Row: TypeAlias = Sequence[Any]
Element: TypeAlias = (
    Select[Any]
    | Insert
    | Update
    | Delete
    | ReturningInsert[Any]
    | ReturningUpdate[Any]
    | ReturningDelete[Any]
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as one database takes it."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, object]
    binders: tuple[tuple[int, Converter], ...]
    readers: tuple[tuple[int, Converter], ...]
    returns_rows: bool
    writes: bool
    deletes: bool
    inserts: bool
    table: Table | None
    touches: frozenset[str]

    def bind(self, values: Mapping[str, object]) -> list[Any]:
        """Return the parameters in their order."""
        if self.constants:
            values = {**self.constants, **values}
        bound: list[Any] = [values[name] for name in self.names]
        for position, convert in self.binders:
            if bound[position] is not None:
                bound[position] = convert(bound[position])
        return bound

    def read(self, row: Row) -> Row:
        """Return a row with the values the rest of the program takes."""
        if not self.readers:
            return row
        values = list(row)
        for position, convert in self.readers:
            if values[position] is not None:
                values[position] = convert(values[position])
        return values


@dataclass(frozen=True, slots=True)
class Call:
    """A compiled statement and its parameters; with `is_many`, one list for each repetition.

    `or_else` is raised unless it changes a row. Parameters may be secrets, and drivers log what
    they run: they are kept out of `repr`.
    """

    compiled: Compiled = field(repr=False)
    values: Sequence[Any] = field(repr=False)
    is_many: bool = False
    or_else: type[LimenError] | None = None


class Statement:
    """A statement that remembers its compiled form for each database."""

    __slots__ = ("_compiled", "_element", "_locks", "_prefix")

    def __init__(self, element: Element, *, locks: bool = False, prefix: str = "") -> None:
        """Run `element`, its parameters named by `bindparam`; say if it `locks` what it reads.

        `prefix` stands before its text, to ask for its plan.
        """
        self._element = element
        self._locks = locks
        self._prefix = prefix
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> Compiled:
        """Return the form for `dialect`."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        return compiled

    def call(self, dialect: Dialect, values: Mapping[str, object]) -> Call:
        """Return a call with `values` as parameters."""
        compiled = self.on(dialect)
        return Call(compiled, compiled.bind(values))

    def _compile(self, dialect: Dialect) -> Compiled:
        element = self._element
        compiled = element.compile(dialect=dialect)
        names = tuple(compiled.positiontup or ())
        binds = {name: compiled.binds[name] for name in names}
        columns = list(element.exported_columns)
        return Compiled(
            sql=self._prefix + str(compiled),
            names=names,
            constants={name: bind.value for name, bind in binds.items() if not bind.required},
            binders=_converters(
                [_processor(dialect, binds[name].type, is_result=False) for name in names]
            ),
            readers=_converters(
                [_processor(dialect, column.type, is_result=True) for column in columns]
            ),
            returns_rows=bool(columns),
            writes=self._locks or not isinstance(element, Select),
            deletes=isinstance(element, Delete),
            inserts=isinstance(element, Insert),
            table=None if isinstance(element, Select) else cast("Table", element.table),
            touches=_tables(element),
        )


class Bulk:
    """Inserts many rows into a table at once, optionally leaving out those that are taken.

    PostgreSQL gets one array for each column, SQLite the same statement many times over.
    """

    __slots__ = ("_single", "_skips_taken", "_table", "_unnested")

    def __init__(self, table: Table, *, skips_taken: bool = False) -> None:
        """Insert into `table`."""
        self._table = table
        self._skips_taken = skips_taken
        self._single = Statement(self._chosen(insert(table)))
        self._unnested = Statement(self._chosen(_from_arrays(table)))

    def call(self, dialect: Dialect, rows: Sequence[Mapping[str, object]]) -> Call:
        """Return a call that inserts `rows`, which hold a value for every column."""
        single = self._single.on(dialect)
        if dialect.name == POSTGRESQL and len(rows) > 1:
            bound = map(single.bind, rows)
            return Call(
                self._unnested.on(dialect), [list(column) for column in zip(*bound, strict=True)]
            )
        if len(rows) == 1:
            return Call(single, single.bind(rows[0]))
        return Call(single, [single.bind(row) for row in rows], is_many=True)

    def _chosen(self, element: Insert) -> Insert:
        return element.on_conflict_do_nothing() if self._skips_taken else element


def _from_arrays(table: Table) -> Insert:
    names = [column.name for column in table.columns]
    arrays = [bindparam(c.name, type_=ARRAY(c.type)) for c in table.columns]
    rows = functions.unnest(*arrays).table_valued(*names, name="given").render_derived()
    return insert(table).from_select(names, select(*rows.columns))


def _tables(element: Element) -> frozenset[str]:
    """Return the names of all tables that a statement reads or writes."""
    found = {part.name for part in iterate(element) if isinstance(part, Table)}
    if not isinstance(element, Select):
        found.add(cast("Table", element.table).name)
    return frozenset(found)


def _processor(dialect: Dialect, kind: TypeEngine[Any], *, is_result: bool) -> Converter | None:
    adapted = kind.dialect_impl(dialect)
    if is_result:
        return cast("Converter | None", adapted.result_processor(dialect, None))
    return cast("Converter | None", adapted.bind_processor(dialect))


def _converters(found: Sequence[Converter | None]) -> tuple[tuple[int, Converter], ...]:
    return tuple((place, convert) for place, convert in enumerate(found) if convert is not None)
