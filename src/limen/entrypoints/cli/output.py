"""What is printed: tables for people, and with `--json` the shapes of the HTTP API for programs.

With `--json` standard output holds exactly one JSON document, whatever happens.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from limen.core.errors import LimenError
from limen.entrypoints.shapes import ErrorOut, Failure, ListMetaOut, Success

_GAP: Final = "  "


class Output:
    """Says what a command has to say, to a person or to a program."""

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_json = is_json

    def item(self, shape: Struct) -> None:
        """Show one thing, field by field."""
        if self.is_json:
            self._document(Success(data=shape))
            return
        self._table(list(_fields(shape)), header=None)

    def rows(
        self,
        shapes: Sequence[Struct],
        columns: Sequence[str],
        *,
        meta: ListMetaOut | UnsetType = UNSET,
        is_sparse: bool = False,
    ) -> None:
        """Show many things of one kind; people see `columns`, programs see everything.

        With `is_sparse` programs see the columns alone, too.
        """
        if self.is_json:
            whole = msgspec.to_builtins(tuple(shapes))
            data = [{name: row[name] for name in columns} for row in whole] if is_sparse else whole
            self._document(Success(data=data, meta=meta))
            return
        lines = [[cell(getattr(shape, name)) for name in columns] for shape in shapes]
        self._table(lines, header=columns)

    def done(self, *sentences: str, data: Any = None) -> None:
        """Tell a person in a sentence what was done, a program in `data`."""
        if self.is_json:
            self._document(Success(data=data))
            return
        for sentence in sentences:
            print(visible(sentence))

    def text(self, text: str) -> None:
        """Print text that is neither for people nor in an envelope, such as a script."""
        sys.stdout.write(text)

    def hint(self, sentence: str) -> None:
        """Tell a person something beside the result; programs need not know."""
        if not self.is_json:
            print(visible(sentence), file=sys.stderr)

    def refusal(self, error: LimenError) -> None:
        """Tell why not, with every field at fault."""
        self._failure(ErrorOut.of(error))

    def failure(self, code: str, message: str) -> None:
        """Tell why not, where no error of the core is the reason."""
        self._failure(ErrorOut(code=code, message=message))

    def _failure(self, error: ErrorOut) -> None:
        if self.is_json:
            self._document(Failure(error=error))
            return
        first, *more = error.message.splitlines()
        print(
            f"error: {visible(first)} ({error.code})",
            *map(visible, more),
            sep="\n",
            file=sys.stderr,
        )
        for fault in error.details:
            if fault.message in error.message:
                continue
            print(f"  {visible(fault.field)}: {visible(fault.message)}", file=sys.stderr)

    def _document(self, envelope: Struct) -> None:
        document = msgspec.json.encode(envelope)
        if sys.stdout.isatty():
            document = msgspec.json.format(document)
        sys.stdout.write(document.decode() + "\n")

    def _table(self, lines: Sequence[Sequence[str]], header: Sequence[str] | None) -> None:
        if sys.stdout.isatty():
            _draw(lines, header)
        else:
            for line in aligned([header, *lines] if header else lines):
                print(line)


def _fields(shape: Struct, prefix: str = "") -> Iterator[list[str]]:
    """Yield name and value of each field; of a shape within, the fields of that."""
    for name in shape.__struct_fields__:
        value = getattr(shape, name)
        if isinstance(value, Struct):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield [prefix + name, cell(value)]


def cell(value: object) -> str:
    """Return a value as people read it in a table."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}Z"
        case tuple() | list():
            return ", ".join(cell(item) for item in value)
        case Mapping():
            return visible(msgspec.json.encode(value).decode()) if value else ""
        case _:
            return visible(str(value))


def visible(text: str) -> str:
    """Return text in which everything invisible is spelled out: it may come from strangers.

    A terminal obeys control characters.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield lines with their columns below each other, as `grep` and `awk` like them."""
    from rich.cells import cell_len  # noqa: PLC0415 - only tables pay for rich

    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (
            text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True)
        )
        yield _GAP.join(padded).rstrip()


def _draw(lines: Sequence[Sequence[str]], header: Sequence[str] | None) -> None:
    from rich import box  # noqa: PLC0415 - only terminals pay for rich
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD if header else None, show_header=header is not None)
    for number, name in enumerate(header or ("", "")):
        table.add_column(
            name.replace("_", " "),
            style="bold" if header is None and number == 0 else None,
            overflow="fold",
        )
    for line in lines:
        table.add_row(*map(Text, line))
    Console(file=sys.stdout).print(table)
