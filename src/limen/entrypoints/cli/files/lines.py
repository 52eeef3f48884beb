"""Lines of a file that nobody vouches for: bounded, numbered, and text."""

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from limen.core.imports.model import RowFault

LONGEST_LINE: Final = 256 * 1024
LONGEST_FIELD: Final = 1024


class Line(NamedTuple):
    """A line without its end; `fault` says why it cannot be read, and then `text` is empty."""

    number: int
    text: str
    fault: str | None = None


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines of a stream that are not blank; memory stays bounded whatever comes.

    A byte order mark is skipped. Lines end in LF or CRLF.
    """
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LONGEST_LINE)
            yield Line(number, "", f"is over {LONGEST_LINE} bytes long")
            continue
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        line = _decoded(number, raw)
        if line.fault or line.text.strip():
            yield line


def _decoded(number: int, raw: bytes) -> Line:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        if number == 1 and raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return Line(number, "", "is UTF-16; save the file as UTF-8")
        return Line(number, "", f"is not UTF-8 (byte {error.start + 1})")
    text = text.removesuffix("\n").removesuffix("\r")
    if "\0" in text:
        return Line(number, "", f"holds a NUL (character {text.index(chr(0)) + 1})")
    if "\r" in text:
        return Line(number, "", "holds a carriage return; lines must end in LF or CRLF")
    return Line(number, text)


def line_fault(number: int, code: str, message: str) -> RowFault:
    """Return the fault of a line that could not be taken apart into fields."""
    return RowFault(line=number, field="line", code=code, message=message)


def long_fields(number: int, fields: dict[str, str | None]) -> tuple[RowFault, ...]:
    """Return a fault for each field that is longer than any of its kind may be."""
    return tuple(
        RowFault(
            line=number, field=name, code="too_long", message=f"is over {LONGEST_FIELD} characters"
        )
        for name, text in fields.items()
        if text is not None and len(text) > LONGEST_FIELD
    )
