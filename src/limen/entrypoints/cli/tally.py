"""What an import has done so far, and every row it refused."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from typing import IO, Final

from msgspec import Struct

from limen.core.imports.model import ImportReport, RowFault
from limen.entrypoints.cli.files.opening import writing
from limen.entrypoints.cli.output import Output

_MOST_FAULTS: Final = 1000


class RowFaultOut(Struct, frozen=True, kw_only=True):
    """Why one row was refused."""

    line: int
    field: str
    code: str
    message: str


class ImportOut(Struct, frozen=True, kw_only=True):
    """What an import did. `faults` are the first thousand."""

    rows: int
    added: int
    present: int
    refused: int
    is_dry_run: bool
    faults: tuple[RowFaultOut, ...]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts rows by what became of them; tells each fault as it comes."""

    output: Output
    kept: IO[str] | None
    is_dry_run: bool
    rows: int = 0
    added: int = 0
    present: int = 0
    refused: int = 0
    faults: list[RowFaultOut] = field(default_factory=list)

    def take(self, lines: int, unread: Sequence[RowFault], report: ImportReport) -> None:
        """Add what became of some lines."""
        self.rows += lines
        self.added += report.added
        self.present += report.present
        faults = sorted((*unread, *report.faults), key=lambda fault: fault.line)
        self.refused += len({fault.line for fault in faults})
        for fault in faults:
            self._tell_fault(fault)

    def _tell_fault(self, fault: RowFault) -> None:
        told = RowFaultOut(
            line=fault.line, field=fault.field, code=fault.code, message=fault.message
        )
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(told)
        if self.kept is not None:
            csv.writer(self.kept).writerow((told.line, told.field, told.code, told.message))
        place = "" if told.field == "line" else f" {told.field}:"
        self.output.hint(f"line {told.line}:{place} {told.message}")

    def tell(self) -> None:
        """Tell how it ended."""
        shape = ImportOut(
            rows=self.rows,
            added=self.added,
            present=self.present,
            refused=self.refused,
            is_dry_run=self.is_dry_run,
            faults=tuple(self.faults),
        )
        self.output.done(self._sentence(), data=shape)

    def tell_so_far(self) -> None:
        """Tell what is safe although the import did not get to its end."""
        if self.rows:
            self.output.hint(f"So far: {self._sentence()} The same command goes on from there.")

    def _sentence(self) -> str:
        if self.is_dry_run:
            return (
                f"{self.rows} rows: {self.added} would be added, {self.present} are there already, "
                f"{self.refused} refused. Nothing was changed."
            )
        return (
            f"{self.rows} rows: {self.added} added, {self.present} were there already, "
            f"{self.refused} refused."
        )


@contextmanager
def fault_file(name: str | None) -> Iterator[IO[str] | None]:
    """Open the file for refused rows, if one is wanted."""
    if name is None:
        yield None
        return
    with writing(name) as stream:
        text = TextIOWrapper(stream, encoding="utf-8", newline="")
        csv.writer(text).writerow(RowFaultOut.__struct_fields__)
        yield text
        text.flush()
        text.detach()
