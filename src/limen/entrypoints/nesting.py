"""How deep JSON from outside is, told before anything is built of it."""

import re
from typing import Final

DEEPEST: Final = 16

# Possessive, and content with a string that never ends: each byte is looked at once.
_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_MARKS: Final = re.compile(rb"[\[{\]}]")


def without_strings(text: bytes) -> bytes:
    """Return JSON with nothing in its strings: every mark left is one of structure."""
    return _STRINGS.sub(b'""', text)


def is_text_too_deep(text: str) -> bool:
    """Tell whether JSON has more than `DEEPEST` levels; most is not looked at twice."""
    marks = text.count("{") + text.count("[")
    return marks > DEEPEST and is_too_deep(without_strings(text.encode()))


def is_too_deep(bare: bytes) -> bool:
    """Tell whether JSON `without_strings` has more than `DEEPEST` levels."""
    depth = 0
    for mark in _MARKS.findall(bare):
        depth += 1 if mark in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False
