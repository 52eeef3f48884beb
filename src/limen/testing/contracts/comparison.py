"""Whole values, compared to the last field."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from limen.core.secret import Secret

# Most of what there is to compare; asked first, because machines compare millions of values.
_PLAIN: Final = frozenset({str, int, float, UUID})


def assert_same(found: object, expected: object) -> None:
    """Fail unless both are the same in every field, and instants are aware and in UTC.

    Stricter than `==`, which ignores fields without part in equality (the key of an `Email`),
    takes 1 for True, and does not see a naive instant until it is compared with an aware one.
    """
    assert shape(found) == shape(expected)


def shape(value: object) -> Any:
    """Return `value` as plain data that shows everything and hides nothing."""
    if value is None or type(value) in _PLAIN:
        return value
    kind = type(value).__name__
    match value:
        case Secret():
            plain = value.reveal()
        case Enum():
            plain = value.value
        case datetime():
            plain = (value.isoformat(), value.utcoffset())
        case set() | frozenset():
            plain = sorted(map(repr, value))
        case list() | tuple():
            plain = [shape(item) for item in value]
        case Mapping():
            kind, plain = "Mapping", {key: shape(item) for key, item in value.items()}
        case UUID() | str() | float() | int() if not isinstance(value, bool):
            # Subclasses, and 1 for 1.0, are the same value to everybody who reads it.
            return value
        case _ if is_dataclass(value):
            plain = {field.name: shape(getattr(value, field.name)) for field in fields(value)}
        case _:
            plain = value
    return kind, plain
