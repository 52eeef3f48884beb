"""What a client knows: the requests it made and the answers it got, in a file that outlives it.

Every line goes to the operating system before the client goes on (one `write` to a file opened
for appending): a killed process loses none. Only a machine that loses its power could.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ANSWERED: Final = "answered"
REFUSED: Final = "refused"
FOUND: Final = "found"
NOT_FOUND: Final = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request about to be made.

    `mark` is the request id that its events carry, `expects` the names of these events if it
    succeeds, `refusal` the code with which it must be refused if it is one that must. `seconds` is
    what the client's clock shows.
    """

    mark: str
    kind: str
    who: str
    expects: tuple[str, ...]
    refusal: str | None = None
    seconds: int
    device: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request: an answer or a refusal, or what was found after a crash."""

    outcome: str
    code: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A request, with its answer if any is known."""

    request: Request
    answer: Answer | None


class Journal:
    """The file of one client."""

    def __init__(self, path: Path) -> None:
        """Append to `path`."""
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600)
        # Whoever died amid a line had not gone on yet: it was never noted.
        whole = path.read_bytes().rpartition(b"\n")
        os.truncate(path, len(whole[0]) + len(whole[1]))

    def begin(self, request: Request) -> None:
        """Note a request before it is made."""
        self._write({"request": asdict(request)})

    def end(self, answer: Answer) -> None:
        """Note what became of the last request, before anything else is done."""
        self._write({"answer": asdict(answer)})

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def read(self) -> list[Entry]:
        """Return everything noted so far; see `read`."""
        return list(read(self._path))

    def _write(self, line: Mapping[str, Any]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


def read(path: Path) -> Iterator[Entry]:
    """Give the requests in `path`, in order; the last one may have no answer."""
    waiting: Request | None = None
    for line in path.read_text().rpartition("\n")[0].splitlines():
        noted = json.loads(line)
        if "request" in noted:
            fields = noted["request"]
            waiting = Request(**{**fields, "expects": tuple(fields["expects"])})
        elif waiting is not None:
            yield Entry(waiting, Answer(**noted["answer"]))
            waiting = None
    if waiting is not None:
        yield Entry(waiting, None)
