"""The numbers of all workers, added up, in the text format of Prometheus."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from limen.entrypoints.http.metrics import BOUNDS, Numbers, Tally

_LABELS: Final = (*map(str, BOUNDS), "+Inf")


def expose(numbers: Sequence[Numbers]) -> bytes:
    """Return the sum of what several workers counted."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Sum(numbers))
    return generate_latest(registry)


class _Sum(Collector):
    """Adds up what several workers counted."""

    def __init__(self, numbers: Sequence[Numbers]) -> None:
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
        suspicions = CounterMetricFamily(
            "limen_stuffing_suspected", "Networks that tried many accounts in vain in one window."
        )
        suspicions.add_metric([], sum(found.suspicions for found in self._numbers))
        yield suspicions
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
