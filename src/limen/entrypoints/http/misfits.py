"""What does not fit the shape of a body: every field by its name, in words for people."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from limen.core.errors import Fault

_LONGEST_ECHO: Final = 100
_PATH: Final = re.compile(r" - at `\$([^`]*)`$")
_EXPECTED: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_WORDS: Final[Mapping[str, str]] = {
    "array": "a list",
    "bool": "true or false",
    "datetime": "an instant such as 2026-01-31T12:00:00Z",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "text",
}
_SENTENCES: Final[Mapping[str, str]] = {
    "Invalid RFC3339 encoded datetime": f"must be {_WORDS['datetime']}",
    "Invalid UUID": "must be a UUID",
}


def has_required(shape: type[Struct]) -> bool:
    """Tell whether a shape has fields that must be given."""
    return any(map(_is_required, fields(shape)))


def misfits(value: object, shape: type[Struct]) -> Iterator[Fault]:
    """Name every field that is missing, unknown, or of the wrong type.

    The decoder stops at the first; this goes on, field by field.
    """
    if not isinstance(value, dict):
        yield Fault("", "invalid_type", "the body must be an object")
        return
    known = {field.encode_name: field for field in fields(shape)}
    for name in value:
        if name not in known:
            names = f"may be {', '.join(known)}" if known else "there are none"
            yield Fault(name[:_LONGEST_ECHO], "unknown_field", f"is not known here; {names}")
    for name, field in known.items():
        if name in value:
            yield from _of_value(name, value[name], field.type)
        elif _is_required(field):
            yield Fault(name, "missing", "is required")


def in_words(sentence: str) -> str:
    """Say what msgspec says in words for people."""
    match = _EXPECTED.fullmatch(sentence)
    if match is None:
        return _SENTENCES.get(sentence, sentence[:1].lower() + sentence[1:])
    wanted = " or ".join(_WORDS.get(part.strip(), part.strip()) for part in match[1].split("|"))
    return f"must be {wanted}, not {_WORDS.get(match[2], match[2])}"


def _is_required(field: FieldInfo) -> bool:
    return field.default is NODEFAULT and field.default_factory is NODEFAULT


def _of_value(name: str, value: object, kind: Any) -> Iterator[Fault]:
    """Name what does not fit, each element of a list by itself."""
    element = _element(kind)
    if element is None or not isinstance(value, list):
        yield from _of_whole(name, value, kind)
        return
    for index, item in enumerate(value):
        yield from _of_value(f"{name}[{index}]", item, element)


def _of_whole(name: str, value: object, kind: Any) -> Iterator[Fault]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        path = _PATH.search(text)
        sentence = _PATH.sub("", text)
        code = "invalid_type" if _EXPECTED.fullmatch(sentence) else "invalid"
        yield Fault(name + (path[1] if path else ""), code, in_words(sentence))


def _element(kind: Any) -> Any:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_args(bare)[0] if get_origin(bare) is list else None
