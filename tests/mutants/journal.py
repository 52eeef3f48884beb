"""What is known of the mutants of a package already, so that a run can be stopped and go on."""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.mutant import ROOT, Outcome

FOLDER: Final = ROOT / ".cache/mutants"
_CODE: Final = ("src/limen/core", "src/limen/ports", "src/limen/adapters/memory")
_TESTS: Final = (
    "src/limen/testing",
    "tests/unit/core",
    "tests/integration/contracts",
    "tests/mutants",
)


@dataclass(frozen=True, slots=True)
class Stand:
    """What the outcomes depend on: the digests of the code and of the tests."""

    code: str
    tests: str


def stand() -> Stand:
    """Look at the code and the tests as they are now."""
    return Stand(_digest(_CODE), _digest(_TESTS))


class Journal:
    """The outcomes of one package, written down one by one."""

    def __init__(self, package: str, now: Stand, folder: Path = FOLDER) -> None:
        self._path = folder / f"{package}.jsonl"
        self._now = now
        self.outcomes: dict[str, Outcome] = {}
        self.are_carried = False

    def begin(self, *, is_fresh: bool, only_survivors: bool) -> None:
        """Take up outcomes that still hold.

        They hold while neither code nor tests change. With `only_survivors` what was killed counts
        as killed also after the tests have changed.
        """
        head, outcomes = ({}, {}) if is_fresh else self._read()
        was, carried = Stand(head.get("code", ""), head.get("tests", "")), head.get("carried")
        if only_survivors and was.code == self._now.code:
            gone = Outcome.SURVIVED
            self.outcomes = {key: how for key, how in outcomes.items() if how is not gone}
            self.are_carried = bool(carried) or was != self._now
        elif was == self._now and not carried:
            self.outcomes = outcomes
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = {"code": self._now.code, "tests": self._now.tests, "carried": self.are_carried}
        kept = [{"mutant": key, "outcome": how} for key, how in self.outcomes.items()]
        text = "".join(f"{json.dumps(entry)}\n" for entry in (line, *kept))
        self._path.write_text(text)

    def note(self, key: str, outcome: Outcome) -> None:
        """Write an outcome down at once."""
        self.outcomes[key] = outcome
        with self._path.open("a") as file:
            file.write(f"{json.dumps({'mutant': key, 'outcome': outcome})}\n")

    def _read(self) -> tuple[Mapping[str, str], dict[str, Outcome]]:
        if not self._path.exists():
            return {}, {}
        # A run that was killed may have left half a line.
        whole = self._path.read_text().rpartition("\n")[0]
        head, *entries = map(json.loads, whole.splitlines())
        return head, {entry["mutant"]: Outcome(entry["outcome"]) for entry in entries}


def _digest(folders: Iterable[str]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
