"""Versions in headers: ETag, If-Match, If-None-Match (RFC 9110 sections 8.8.3 and 13.1)."""

import re
from typing import Final

from limen.core.errors import Fault, InvalidInput
from limen.entrypoints.http.call import Call

# No version is ever this: whatever it is expected of has changed.
NEVER: Final = -1

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def expected_version(call: Call) -> int | None:
    """Return the version that `If-Match` asks for; `None` for none, or any (`*`).

    A weak tag, or one that limen never made, matches nothing. Raises `InvalidInput` for what is
    no tag, and for several: limen changes one thing, which has one version.
    """
    value = call.headers.get(b"if-match")
    if value is None or value.strip() == b"*":
        return None
    match = _TAG.fullmatch(value.decode("latin-1").strip())
    if match is None or call.count(b"if-match") != 1:
        fault = Fault("If-Match", "invalid", 'must be * or one entity tag, such as "3"')
        raise InvalidInput(details=(fault,))
    weak, text = match.groups()
    return NEVER if weak or not _VERSION.fullmatch(text) else int(text)


def is_known(call: Call, tag: str) -> bool:
    """Tell whether the caller has what this entity tag stands for, by `If-None-Match`."""
    value = call.headers.get(b"if-none-match")
    if value is None:
        return False
    text, wanted = value.decode("latin-1").strip(), tag.removeprefix("W/")
    return text == "*" or any(f'"{match[2]}"' == wanted for match in _TAG.finditer(text))
