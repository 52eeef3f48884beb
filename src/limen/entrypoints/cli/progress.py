"""A bar for people who wait, where somebody watches."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from limen.entrypoints.cli.files.opening import size_of
from limen.entrypoints.cli.output import Output
from limen.entrypoints.cli.tally import Tally

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress:
    """Follows an import; without a terminal it says nothing."""

    def __init__(self, stream: BinaryIO, bar: "Bar | None" = None) -> None:
        """Draw on `bar` how far `stream` is read."""
        self._stream = stream
        self._bar = bar
        self._size = size_of(stream)
        self._rows: TaskID | None = None
        if bar is not None:
            self._rows = bar.add_task("", total=self._size, rate="", refused=0)

    def move(self, tally: Tally) -> None:
        """Show where the import stands."""
        if self._bar is None or self._rows is None:
            return
        seconds = self._bar.tasks[0].elapsed or 0
        self._bar.update(
            self._rows,
            completed=self._stream.tell() if self._size is not None else 0,
            description=f"{tally.rows} rows",
            rate=f"{tally.rows / seconds:,.0f} rows/s" if seconds else "",
            refused=tally.refused,
        )


@contextmanager
def following(stream: BinaryIO, output: Output) -> Iterator[Progress]:
    """Show progress on the terminal while the block runs, if there is a terminal."""
    if output.is_json or not sys.stderr.isatty():
        yield Progress(stream)
        return
    from rich.console import Console  # noqa: PLC0415 - only terminals pay for rich
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[refused]} refused"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Progress(stream, bar)
