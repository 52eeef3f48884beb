"""Reading bodies: bounded before any work, and every bad field named at once."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from limen.core.errors import Fault, InvalidInput
from limen.entrypoints.http.call import Call
from limen.entrypoints.http.media import is_json_body
from limen.entrypoints.http.refusals import (
    BodyInterrupted,
    BodyMalformed,
    BodyTooLarge,
    UnsupportedMediaType,
)

S = TypeVar("S", bound=Struct)

DEEPEST: Final = 16
MOST_VALUES: Final = 5_000

_PATH: Final = re.compile(r" - at `\$([^`]*)`$")
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class NothingIn(Struct, forbid_unknown_fields=True):
    """The body of a route that takes none: empty, or an empty object."""


async def read_body(call: Call, limit: int) -> bytes:
    """Return the whole body; raise `BodyTooLarge` as soon as it is known to exceed `limit`."""
    announced = call.headers.get(b"content-length", b"0")
    if not announced.isdigit() or len(announced) > len(str(limit)) or int(announced) > limit:
        raise BodyTooLarge(f"The body is too large: at most {limit} bytes are taken here.")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await call.receive()
        if message["type"] != "http.request":
            raise BodyInterrupted
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(f"The body is too large: at most {limit} bytes are taken here.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def decode(call: Call, shape: type[S], *, is_patch: bool) -> S:
    """Make a struct of the body, in the form that the headers say.

    Raises `UnsupportedMediaType`, `BodyMalformed`, or `InvalidInput` naming every field at fault.
    """
    if not call.body and not _required(shape):
        return shape()
    _check_type(call, is_patch=is_patch)
    members = _check_bounds(call.body)
    try:
        value = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BodyMalformed from None
    if _members(value) != members:
        raise BodyMalformed("A name stands twice in one object of the body.")
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        raise InvalidInput(details=tuple(_faults(value, shape))) from None


def _check_type(call: Call, *, is_patch: bool) -> None:
    if b"content-encoding" in call.headers:
        raise UnsupportedMediaType
    if not call.body:
        raise BodyMalformed("The body is empty; this address needs one.")
    if not is_json_body(call.headers.get(b"content-type", b""), is_patch=is_patch):
        raise UnsupportedMediaType


def _check_bounds(body: bytes) -> int:
    """Refuse depth and numbers of values before anything is built; return how many are named."""
    bare = _STRINGS.sub(b'""', body)
    members = bare.count(b":")
    if bare.count(b",") + members > MOST_VALUES:
        raise BodyMalformed(f"The body holds more than {MOST_VALUES} values.")
    depth = 0
    for mark in re.findall(rb"[\[{\]}]", bare):
        depth += 1 if mark in b"[{" else -1
        if depth > DEEPEST:
            raise BodyMalformed(f"The body is more than {DEEPEST} levels deep.")
    return members


def _members(value: object) -> int:
    """Count the members of all objects in a value; names that stood twice are counted once."""
    match value:
        case dict():
            return len(value) + sum(map(_members, value.values()))
        case list():
            return sum(map(_members, value))
        case _:
            return 0


def _required(shape: type[Struct]) -> bool:
    return any(_is_required(field) for field in fields(shape))


def _is_required(field: FieldInfo) -> bool:
    return field.default is NODEFAULT and field.default_factory is NODEFAULT


def _faults(value: object, shape: type[Struct]) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault("", "invalid_type", "the body must be a JSON object")
        return
    known = {field.encode_name: field for field in fields(shape)}
    for name in value:
        if name not in known:
            names = ", ".join(known) or "no fields"
            yield Fault(str(name)[:100], "unknown_field", f"is not known here; may be {names}")
    for name, field in known.items():
        if name in value:
            yield from _misfits(name, value[name], field.type)
        elif _is_required(field):
            yield Fault(name, "missing", "is required")


def _misfits(name: str, value: object, kind: Any) -> Iterator[Fault]:
    """Name what does not fit, each element of a list by itself."""
    element = _element(kind)
    if element is not None and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _misfits(f"{name}[{index}]", item, element)
        if not any(True for item in value for _ in _misfits(name, item, element)):
            yield from _misfit(name, value, kind)
    else:
        yield from _misfit(name, value, kind)


def _misfit(name: str, value: object, kind: Any) -> Iterator[Fault]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        path = _PATH.search(text)
        sentence = _PATH.sub("", text)
        code = "invalid_type" if sentence.startswith("Expected `") else "invalid"
        place = name + (path[1] if path else "")
        yield Fault(place, code, sentence[:1].lower() + sentence[1:])


def _element(kind: Any) -> Any:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_args(bare)[0] if get_origin(bare) in {list, tuple} else None
