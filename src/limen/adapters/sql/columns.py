"""The types of columns, where the two databases differ; everything above them is the same."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, Text, literal_column
from sqlalchemy.dialects.postgresql import ARRAY, JSON, TEXT, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as NATIVE_UUID
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine

Converter: TypeAlias = Callable[[Any], Any]

POSTGRESQL: Final = "postgresql"
SQLITE: Final = "sqlite"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# Code point order on both databases, whatever the locale of a server: cursors depend on it.
Words: Final = Text().with_variant(TEXT(collation="C"), POSTGRESQL)


# Between names that were put into one text; written out, because no driver knows its type.
COMMA: Final[Any] = literal_column("','")


class _Column(TypeDecorator[Any]):
    """A type of ours: `native` on PostgreSQL, `plain` on SQLite, converted on the way.

    Values go straight to the drivers, so the converters serve their plain needs and not those of
    SQLAlchemy's own connections; `None` never reaches them.
    """

    cache_ok = True
    native: TypeEngine[Any]
    plain: TypeEngine[Any]

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column in this database."""
        return dialect.type_descriptor(self.native if dialect.name == POSTGRESQL else self.plain)

    def bind_processor(self, dialect: Dialect) -> Converter | None:
        """Return what converts a parameter."""
        return None if dialect.name == POSTGRESQL else self.write

    def result_processor(self, dialect: Dialect, _coltype: object) -> Converter | None:
        """Return what converts a value that comes back."""
        return None if dialect.name == POSTGRESQL else self.read

    @staticmethod
    def write(value: Any) -> Any:
        """Return `value` as SQLite takes it."""
        return value

    @staticmethod
    def read(value: Any) -> Any:
        """Return what SQLite gave as the rest of the program takes it."""
        return value


class Instant(_Column):
    """An instant in UTC: `timestamptz`, or microseconds since 1970, exact and in order."""

    cache_ok = True
    impl = BigInteger
    native = TIMESTAMP(timezone=True)
    plain = BigInteger()

    @staticmethod
    def write(value: datetime) -> int:
        """Return `value` as the database takes it."""
        return (value - _EPOCH) // _MICROSECOND

    @staticmethod
    def read(value: int) -> datetime:
        """Return what the database gave as the rest of the program takes it."""
        return _EPOCH + timedelta(microseconds=value)


class Id(_Column):
    """A UUID: `uuid`, or its sixteen bytes, in the same order."""

    cache_ok = True
    impl = LargeBinary
    native = NATIVE_UUID()
    plain = LargeBinary(16)

    @staticmethod
    def write(value: UUID) -> bytes:
        """Return `value` as the database takes it."""
        return value.bytes

    @staticmethod
    def read(value: bytes) -> UUID:
        """Return what the database gave as the rest of the program takes it."""
        return UUID(bytes=value)


class Bytes(_Column):
    """Bytes as they are."""

    cache_ok = True
    impl = LargeBinary
    native = LargeBinary()
    plain = LargeBinary()


class Json(_Column):
    """JSON as text. Not `jsonb`: its numbers are not ours (1e308 comes back as an integer)."""

    cache_ok = True
    impl = Text
    native = JSON()
    plain = Text()

    def bind_processor(self, _dialect: Dialect) -> Converter | None:
        """Return what converts a parameter, for both databases."""
        return self.write

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Converter | None:
        """Return what converts a value that comes back, from both databases."""
        return self.read

    @staticmethod
    def write(value: Any) -> str:
        """Return `value` as the database takes it."""
        return _write_json(value)

    @staticmethod
    def read(value: str) -> Any:
        """Return what the database gave as the rest of the program takes it."""
        return json.loads(value)


# ASCII only, so that even text no database would hold can be written down and read again.
_write_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class TextList(_Column):
    """A parameter that is a list of texts: an array, or a JSON array."""

    cache_ok = True
    impl = Text
    native = ARRAY(Text())
    plain = Text()

    @staticmethod
    def write(value: Any) -> str:
        """Return `value` as the database takes it."""
        return _write_json(value)


class listed(GenericFunction[Any]):  # noqa: N801 - SQLAlchemy names functions by their class.
    """The items of a `TextList` as rows."""

    inherit_cache = True


@compiles(listed, POSTGRESQL)
def _unnest(element: listed, compiler: SQLCompiler, **options: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **options)})"


@compiles(listed, SQLITE)
def _json_each(element: listed, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


class BeforeAll(ColumnElement[Any]):
    """An instant before every other: where rows without one are sorted."""

    inherit_cache = True
    type = Instant()


@compiles(BeforeAll, POSTGRESQL)
def _infinitely_early(_element: BeforeAll, _compiler: SQLCompiler, **_options: Any) -> str:
    return "'-infinity'::timestamptz"


@compiles(BeforeAll, SQLITE)
def _smallest(_element: BeforeAll, _compiler: SQLCompiler, **_options: Any) -> str:
    return str(-(2**63))


class Turn(ColumnElement[Any]):
    """Waits until no other transaction has this numbered lock, and keeps it to the end.

    SQLite has one writer at a time: there is nobody else to wait for.
    """

    inherit_cache = False
    type = Text()

    def __init__(self, number: int) -> None:
        """Name the lock by `number`."""
        self.number = number


@compiles(Turn, POSTGRESQL)
def _advisory(element: Turn, _compiler: SQLCompiler, **_options: Any) -> str:
    return f"pg_advisory_xact_lock({element.number})"


@compiles(Turn, SQLITE)
def _nothing(_element: Turn, _compiler: SQLCompiler, **_options: Any) -> str:
    return "NULL"
