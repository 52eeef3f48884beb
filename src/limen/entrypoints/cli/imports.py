"""`limen users import` and `limen users export`: everybody, in and out."""

import asyncio
import gc
from asyncio import Task, create_task
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import click

from limen.core.errors import ConcurrentUpdate, HashingBusy
from limen.core.ids import UserId
from limen.core.imports.model import AccountRow, ImportReport, RowFault
from limen.entrypoints.cli.door import Desk, at_the_desk
from limen.entrypoints.cli.exits import Exit
from limen.entrypoints.cli.files.csv_rows import Row, write_csv
from limen.entrypoints.cli.files.json_rows import write_jsonl
from limen.entrypoints.cli.files.opening import (
    FORMATS,
    format_of,
    read_rows,
    reading,
    size_of,
    writing,
)
from limen.entrypoints.cli.lazy import Command
from limen.entrypoints.cli.progress import Progress, following
from limen.entrypoints.cli.prompts import interruptible
from limen.entrypoints.cli.tally import Tally, fault_file

# On SQLite each commit writes every page that its rows touched: fewer commits, fewer pages.
_BATCH: Final = 4000
# Hashing takes a quarter of a second each: small batches keep what is lost by a crash small.
_HASHED_BATCH: Final = 16
_TRIES: Final = 5
# More than the batches under way are made of.
_OBJECTS_BEFORE_COLLECTION: Final = 200_000
_PAUSE: Final = 0.1


@click.command(
    "import",
    cls=Command,
    examples=(
        "limen users import people.csv --dry-run",
        "limen users import people.csv --errors refused.csv",
        "zcat people.jsonl.gz | limen users import - --json",
    ),
)
@click.argument("file")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="If the name does not tell.")
@click.option("--delimiter", default=",", show_default=True, help="One character, or tab.")
@click.option("--strict", is_flag=True, help="Stop at the first batch that has a bad row.")
@click.option("--dry-run", is_flag=True, help="Check everything, change nothing.")
@click.option("--errors", metavar="FILE", help="Write the bad rows' lines and reasons as CSV.")
@at_the_desk
async def import_(
    desk: Desk,
    *,
    file: str,
    format_: str | None,
    delimiter: str,
    strict: bool,
    dry_run: bool,
    errors: str | None,
) -> None:
    """Bring many users in from FILE (CSV or JSON Lines; - is standard input).

    Columns: email, username, name, locale (such as de-AT), status (active, pending, suspended),
    roles, email_verified, has_owner (unproved, but somebody's), attributes (JSON), and
    password or password_hash (bcrypt, argon2, and what LIMEN_PASSWORD_FOREIGN names). Only email
    is needed. In CSV roles are separated by semicolons; in JSON Lines they are an array,
    attributes an object. A role that is held for a time has its end behind an @:
    auditor@2026-12-31T00:00:00Z.

    Every bad row is reported by its line, and the others come in, 4000 at a time. Users who are
    there already are left as they are, so after a stop the same command goes on. The exit code
    is 11 if rows were refused.
    """
    delimiter = "\t" if delimiter == "tab" else delimiter
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise click.BadParameter("must be one character, or tab", param_hint="--delimiter")
    with reading(file) as stream, fault_file(errors) as kept:
        rows = read_rows(stream, name=file, format_=format_, delimiter=delimiter)
        tally = Tally(output=desk.output, kept=kept, is_dry_run=dry_run)
        with following(stream, desk.output) as progress, few_collections():
            try:
                is_file = size_of(stream) is not None
                await _bring_in(desk, rows, tally, progress, is_strict=strict, is_file=is_file)
            except BaseException:
                tally.tell_so_far()
                raise
    tally.tell()
    if tally.refused:
        raise click.exceptions.Exit(Exit.NOT_ALL_WELL)


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for cycles of objects rarely: batches have none, and looking takes its time."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass(slots=True)
class Batch:
    """Some lines of the file: accounts, and what is wrong with the lines that hold none."""

    rows: list[AccountRow] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    lines: int = 0
    hashed: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to bring it in."""
        return self.lines >= _BATCH or self.hashed >= _HASHED_BATCH

    def put(self, row: Row) -> None:
        """Take one line."""
        self.lines += 1
        if isinstance(row, AccountRow):
            self.rows.append(row)
            self.hashed += row.password is not None
        else:
            self.faults.extend(row)


def batches(rows: Iterator[Row]) -> Iterator[Batch]:
    """Cut rows into batches."""
    batch = Batch()
    for row in rows:
        batch.put(row)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.lines:
        yield batch


async def _bring_in(
    desk: Desk,
    rows: Iterator[Row],
    tally: Tally,
    progress: Progress,
    *,
    is_strict: bool,
    is_file: bool,
) -> None:
    """Bring in batch by batch; while the store works on one, the next is read if it can wait.

    It cannot where a store takes one change at a time, when the first fault must stop it, and
    where reading may take its time (a pipe): a batch under way keeps others out for as long.
    """
    most = desk.writers if is_file and not is_strict else 1
    under_way = deque[tuple[Batch, Task[ImportReport]]]()

    async def settle() -> None:
        batch, task = under_way.popleft()
        tally.take(batch.lines, batch.faults, await task)
        progress.move(tally)

    try:
        for batch in _each(batches(rows)):
            under_way.append((batch, create_task(_add(desk, batch, tally, is_strict=is_strict))))
            if len(under_way) == most:
                await settle()
            if is_strict and tally.refused:
                break
        while under_way:
            await settle()
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


def _each(source: Iterator[Batch]) -> Iterator[Batch]:
    """Yield what comes; the file may be a pipe to which nobody writes for a while."""
    while True:
        with interruptible():
            batch = next(source, None)
        if batch is None:
            return
        yield batch


async def _add(desk: Desk, batch: Batch, tally: Tally, *, is_strict: bool) -> ImportReport:
    """Bring one batch in; one that only came at a bad time is tried again."""
    if is_strict and batch.faults:
        return ImportReport()
    for _ in range(_TRIES - 1):
        try:
            return await desk.services.imports.add(
                batch.rows, actor=desk.actor, is_strict=is_strict, is_dry_run=tally.is_dry_run
            )
        except (ConcurrentUpdate, HashingBusy) as error:
            await asyncio.sleep(error.retry_after or _PAUSE)
    return await desk.services.imports.add(
        batch.rows, actor=desk.actor, is_strict=is_strict, is_dry_run=tally.is_dry_run
    )


@click.command(
    cls=Command,
    examples=(
        "limen users export --output people.csv",
        "limen users export --format jsonl | gzip > people.jsonl.gz",
    ),
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Otherwise by the name; csv.")
@click.option(
    "--output", "file", metavar="FILE", default="-", help="A file that only you can read."
)
@at_the_desk
async def export(desk: Desk, *, format_: str | None, file: str) -> None:
    """Write all users, with their password hashes: what `limen users import` reads.

    Roles that have ended are left out. Keep the file from others: hashes can be guessed at.
    """
    chosen = format_ or format_of(file) or FORMATS[0]
    count = 0
    with writing(file) as stream:
        after: UserId | None = None
        while True:
            some = await desk.services.imports.export(actor=desk.actor, after=after, limit=_BATCH)
            if chosen == "csv":
                stream.write(write_csv(some.rows, has_header=after is None))
            else:
                stream.write(write_jsonl(some.rows))
            count += len(some.rows)
            after = some.next
            if after is None:
                break
    if file != "-":
        desk.output.done(f"{count} users are in {file}.", data={"exported": count, "file": file})
