"""Files by name or `-`: what format they have, and writing them so that others cannot read."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import click

from limen.entrypoints.cli.files.csv_rows import Row, read_csv
from limen.entrypoints.cli.files.json_rows import read_jsonl
from limen.entrypoints.cli.files.lines import Line, read_lines

FORMATS: Final = ("csv", "jsonl")
_SUFFIXES: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_BUFFER: Final = 1 << 18


@contextmanager
def reading(name: str) -> Iterator[BinaryIO]:
    """Open a file for reading, or standard input for `-`."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(name).open("rb", buffering=_BUFFER)  # noqa: SIM115 - closed below
    except OSError as error:
        raise click.UsageError(f"{name}: {error.strerror}") from None
    with stream:
        if stat.S_ISDIR(os.fstat(stream.fileno()).st_mode):
            raise click.UsageError(f"{name}: Is a directory")
        yield stream


def size_of(stream: BinaryIO) -> int | None:
    """Return how many bytes a regular file has; `None` for pipes."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def read_rows(stream: BinaryIO, *, name: str, format_: str | None, delimiter: str) -> Iterator[Row]:
    """Yield the accounts of a file; where nothing tells its format, its first line does."""
    lines = read_lines(stream)
    first = next(lines, None)
    whole: Iterable[Line] = lines if first is None else chain((first,), lines)
    chosen = format_ or format_of(name)
    if chosen is None:
        is_object = first is not None and first.text.lstrip().startswith("{")
        chosen = "jsonl" if is_object else "csv"
    return read_jsonl(whole) if chosen == "jsonl" else read_csv(whole, delimiter)


def format_of(name: str) -> str | None:
    """Return the format that a file's name tells, if it does."""
    return _SUFFIXES.get(Path(name).suffix.lower())


@contextmanager
def writing(name: str) -> Iterator[BinaryIO]:
    """Open a file that only its owner may read, or standard output for `-`.

    The file appears whole, under its name, at the end; after a failure there is none.
    """
    if name == "-":
        yield sys.stdout.buffer
        return
    path = Path(name)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.UsageError(f"{name}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb", buffering=_BUFFER) as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
