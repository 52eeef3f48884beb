"""Models to JSON and back, by the types of their fields."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from limen.core.secret import Secret

Read: TypeAlias = Callable[[Any], Any]

_PLAIN: Final = frozenset({NoneType, bool, int, float, str})
_WRITERS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...]] = (
    (Enum, lambda value: value.value),
    (datetime, datetime.isoformat),
    (UUID, str),
    (bytes, lambda value: b64encode(value).decode()),
    (Secret, lambda value: encode(value.reveal())),
    (Mapping, lambda value: {key: encode(item) for key, item in value.items()}),
    (frozenset, lambda value: sorted(map(encode, value))),
    ((list, tuple), lambda value: [encode(item) for item in value]),
)
_READERS: Final[Mapping[Any, Read]] = {
    datetime: datetime.fromisoformat,
    UUID: UUID,
    bytes: b64decode,
}


def encode(value: Any) -> Any:
    """Return `value`, a model or a part of one, as JSON that shares nothing with it."""
    if type(value) in _PLAIN:
        return value
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return {field.name: encode(getattr(value, field.name)) for field in fields(value)}


def decode(kind: Any, data: Any) -> Any:
    """Return the value of type `kind` that was encoded as `data`; again, nothing is shared."""
    return _reader(kind)(data)


@cache
def _reader(kind: Any) -> Read:
    kind = getattr(kind, "__supertype__", kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        (present,) = (argument for argument in arguments if argument is not NoneType)
        return _optional(_reader(present))
    if origin is Mapping:
        # Attributes, public keys, payloads of events: plain JSON already.
        return deepcopy
    if origin in {tuple, frozenset, Secret}:
        return _wrapped(origin, _reader(arguments[0]))
    if is_dataclass(kind):
        return _model(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _READERS.get(kind, lambda data: data)


def _optional(read: Read) -> Read:
    return lambda data: None if data is None else read(data)


def _wrapped(kind: Any, read: Read) -> Read:
    if kind is Secret:
        return lambda data: Secret(read(data))
    return lambda data: kind(map(read, data))


def _model(kind: Any) -> Read:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read(data: Mapping[str, Any]) -> Any:
        # A field that a later version of limen added has its default in older files.
        return kind(**{name: readers[name](data[name]) for name in readers.keys() & data.keys()})

    return read
