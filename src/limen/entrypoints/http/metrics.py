"""Numbers for Prometheus, by route template.

Requests only add to a list in memory. With several workers each leaves its numbers in a file of
a directory that they share, every two seconds, and whichever worker is asked adds all up: what a
worker has counted stays when it is gone, what it had in use does not.
"""

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from limen.core.errors import LimenError

REFRESHED_SECONDS: Final = 2.0

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LABELS: Final = (*map(str, _BOUNDS), "+Inf")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SIGN_IN: Final = "/auth/login"


class Tally(msgspec.Struct, array_like=True):
    """How many requests were answered one way, how long they took, and in which times."""

    method: str
    route: str
    status: int
    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * len(_LABELS))

    def add(self, other: "Tally") -> None:
        """Count what another worker counted."""
        self.count += other.count
        self.seconds += other.seconds
        self.buckets = [own + more for own, more in zip(self.buckets, other.buckets, strict=True)]


class Numbers(msgspec.Struct):
    """Everything one worker has counted, and what it has in use."""

    tallies: list[Tally] = []
    sign_ins: dict[str, int] = {}
    gauges: dict[str, float] = {}


class Metrics:
    """The numbers of one process, and through its directory those of its neighbours."""

    def __init__(self, directory: Path | None = None) -> None:
        """Share numbers in `directory`, if one is given."""
        self._directory = directory
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        self._sign_ins: dict[str, int] = {}

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
        tally.buckets[bisect_left(_BOUNDS, seconds)] += 1
        if method == "POST" and route.endswith(_SIGN_IN):
            outcome = "signed_in" if refusal is None else refusal.code
            self._sign_ins[outcome] = self._sign_ins.get(outcome, 0) + 1

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
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Sum([self._own(gauges), *self._others()]))
        return generate_latest(registry)

    def _own(self, gauges: Mapping[str, float]) -> Numbers:
        return Numbers(
            tallies=list(self._tallies.values()), sign_ins=self._sign_ins, gauges=dict(gauges)
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


class _Sum(Collector):
    """Adds up what several workers counted."""

    def __init__(self, numbers: list[Numbers]) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        tallies: dict[tuple[str, str, int], Tally] = {}
        for found in self._numbers:
            for tally in found.tallies:
                key = (tally.method, tally.route, tally.status)
                tallies.setdefault(key, Tally(*key)).add(tally)
        yield _requests(tallies.values())
        yield _seconds(tallies.values())
        sign_ins = CounterMetricFamily("limen_sign_ins", "Sign-ins by outcome.", labels=["outcome"])
        for outcome, count in _added([found.sign_ins for found in self._numbers]).items():
            sign_ins.add_metric([outcome], count)
        yield sign_ins
        load = GaugeMetricFamily(
            "limen_load", "In use: hashing threads and queue, connections.", labels=["part"]
        )
        for part, value in _added([found.gauges for found in self._numbers]).items():
            load.add_metric([part], value)
        yield load


def _requests(tallies: Iterable[Tally]) -> Metric:
    family = CounterMetricFamily(
        "limen_http_requests", "Requests answered.", labels=["method", "route", "status"]
    )
    for tally in tallies:
        family.add_metric([tally.method, tally.route, str(tally.status)], tally.count)
    return family


def _seconds(tallies: Iterable[Tally]) -> Metric:
    family = HistogramMetricFamily(
        "limen_http_request_duration_seconds",
        "Seconds from the arrival of a request to the end of its answer.",
        labels=["method", "route", "status"],
    )
    for tally in tallies:
        sums = zip(_LABELS, accumulate(tally.buckets), strict=True)
        family.add_metric(
            [tally.method, tally.route, str(tally.status)],
            buckets=[(label, float(count)) for label, count in sums],
            sum_value=tally.seconds,
        )
    return family


def _added(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0) + value
    return total


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True
