"""Builds the list of common passwords from its sources; NOTICE.md says how and from what."""

import ast
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from limen.adapters.breached.offline import LIST_NAME, SHORTEST_LISTED
from limen.core.text import fold


def build(words: Iterable[str]) -> bytes:
    """Return the compressed list: folded, without repetitions, sorted by code point."""
    folded = {fold(word.strip()) for word in words}
    lines = sorted(word for word in folded if len(word) >= SHORTEST_LISTED and "\n" not in word)
    return zlib.compress("\n".join(["", *lines, ""]).encode(), level=9)


def read_zxcvbn(source: str) -> Iterator[str]:
    """Yield the passwords in zxcvbn's `frequency_lists.py`, which is read and never run."""
    lists = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Dict))
    for key, value in zip(lists.keys, lists.values, strict=True):
        match key, value:
            case ast.Constant("passwords"), ast.Call(ast.Attribute(ast.Constant(str(words)))):
                yield from words.split(",")


def main(zxcvbn: str, django: str) -> None:
    """Write the list from the paths of both sources."""
    words = [
        *read_zxcvbn(Path(zxcvbn).read_text(encoding="utf-8")),
        *gzip.decompress(Path(django).read_bytes()).decode().splitlines(),
    ]
    Path(__file__).with_name(LIST_NAME).write_bytes(build(words))


if __name__ == "__main__":
    main(*sys.argv[1:])
