"""Numbers for Prometheus, by route template.

Requests only add to a list in memory. With several workers each leaves its numbers in a file of
a directory that they share, every two seconds, and whichever worker is asked adds all up: what a
worker has counted stays when it is gone, what it had in use does not.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from limen.core.errors import LimenError

REFRESHED_SECONDS: Final = 2.0

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SIGN_IN: Final = "/auth/login"


class Tally(msgspec.Struct, array_like=True):
    """How many requests were answered one way, how long they took, and in which times."""

    method: str
    route: str
    status: int
    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, other: "Tally") -> None:
        """Count what another worker counted."""
        self.count += other.count
        self.seconds += other.seconds
        self.buckets = [own + more for own, more in zip(self.buckets, other.buckets, strict=True)]


class Numbers(msgspec.Struct):
    """Everything one worker has counted, and what it has in use."""

    tallies: list[Tally] = []
    sign_ins: dict[str, int] = {}
    suspicions: int = 0
    gauges: dict[str, float] = {}


class Metrics:
    """The numbers of one process, and through its directory those of its neighbours."""

    def __init__(self, directory: Path | None = None) -> None:
        """Share numbers in `directory`, if one is given."""
        self._directory = directory
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        self._sign_ins: dict[str, int] = {}
        self._suspicions = 0

    def observe(
        self, method: str, route: str, status: int, seconds: float, refusal: LimenError | None
    ) -> None:
        """Count one request."""
        key = (method, route, status)
        tally = self._tallies.get(key)
        if tally is None:
            known = method if method in _METHODS else "other"
            key = (known, route, status)
            tally = self._tallies.setdefault(key, Tally(*key))
        tally.count += 1
        tally.seconds += seconds
        tally.buckets[bisect_left(BOUNDS, seconds)] += 1
        if method == "POST" and route.endswith(_SIGN_IN):
            outcome = "signed_in" if refusal is None else refusal.code
            self._sign_ins[outcome] = self._sign_ins.get(outcome, 0) + 1

    def suspect(self, times: int) -> None:
        """Count suspicions of credential stuffing."""
        self._suspicions += times

    def leave(self, gauges: Mapping[str, float]) -> None:
        """Leave the numbers where the other workers find them."""
        if self._directory is None:
            return
        path = self._directory / f"{os.getpid()}.json"
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(self._own(gauges)))
        draft.replace(path)

    def exposition(self, gauges: Mapping[str, float]) -> bytes:
        """Return the numbers of all workers in the text format of Prometheus."""
        # Late: what scrapers read takes a twentieth of the start to import.
        from limen.entrypoints.http.exposition import expose  # noqa: PLC0415

        return expose([self._own(gauges), *self._others()])

    def _own(self, gauges: Mapping[str, float]) -> Numbers:
        return Numbers(
            tallies=list(self._tallies.values()),
            sign_ins=self._sign_ins,
            suspicions=self._suspicions,
            gauges=dict(gauges),
        )

    def _others(self) -> Iterator[Numbers]:
        if self._directory is None:
            return
        for path in self._directory.glob("*.json"):
            process = int(path.stem)
            if process == os.getpid():
                continue
            with suppress(OSError, msgspec.DecodeError):
                numbers = msgspec.json.decode(path.read_bytes(), type=Numbers)
                yield numbers if _is_alive(process) else msgspec.structs.replace(numbers, gauges={})


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True
