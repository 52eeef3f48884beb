"""Reading bodies: bounded before any work, and every bad field named at once."""

import asyncio
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from limen.core.errors import InvalidInput
from limen.entrypoints.http.call import Call
from limen.entrypoints.http.media import is_json_body
from limen.entrypoints.http.misfits import has_required, misfits
from limen.entrypoints.http.refusals import (
    BodyInterrupted,
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    UnsupportedMediaType,
)
from limen.entrypoints.nesting import DEEPEST, is_too_deep, without_strings

S = TypeVar("S", bound=Struct)

MOST_VALUES: Final = 5_000

_BODY_SECONDS: Final = 15.0
_NOTHING: Final = b"{}"


class NothingIn(Struct, forbid_unknown_fields=True):
    """The body of a route that takes none: empty, or an empty object."""


async def read_body(call: Call, limit: int) -> bytes:
    """Return the whole body, of at most `limit` bytes.

    Raises `BodyTooLarge` as soon as that is known, `BodyTooSlow` when it does not come in time.
    """
    announced = call.headers.get(b"content-length", b"0")
    if not announced.isdigit() or len(announced) > len(str(limit)) or int(announced) > limit:
        raise BodyTooLarge(f"The body is too large: at most {limit} bytes are taken here.")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _receive_body(call, limit)
    except TimeoutError:
        raise BodyTooSlow from None


async def _receive_body(call: Call, limit: int) -> bytes:
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
    if not call.body and not is_patch and not has_required(shape):
        # Litestar looks for what is in the body only where there is one.
        call.body = _NOTHING
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
        raise InvalidInput(details=tuple(misfits(value, shape))) from None


def _check_type(call: Call, *, is_patch: bool) -> None:
    if b"content-encoding" in call.headers:
        raise UnsupportedMediaType
    if not call.body:
        raise BodyMalformed("The body is empty; this address needs one.")
    if not is_json_body(call.headers.get(b"content-type", b""), is_patch=is_patch):
        raise UnsupportedMediaType


def _check_bounds(body: bytes) -> int:
    """Refuse depth and numbers of values before anything is built; return how many are named."""
    bare = without_strings(body)
    members = bare.count(b":")
    if bare.count(b",") + members > MOST_VALUES:
        raise BodyMalformed(f"The body holds more than {MOST_VALUES} values.")
    if is_too_deep(bare):
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
