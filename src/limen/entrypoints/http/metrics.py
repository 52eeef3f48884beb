"""Numbers for Prometheus, by route template.

With several workers each counts into files of its own (`PROMETHEUS_MULTIPROC_DIR`, set by the
server), and whichever worker is asked adds them all up.
"""

from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from limen.core.errors import LimenError
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.rules import Rules
from limen.entrypoints.http.services import Reception

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SIGN_IN: Final = "/auth/login"


class Metrics:
    """The numbers of one process."""

    def __init__(self, reception: Reception, directory: str | None = None) -> None:
        """Ask the open limen what is in use; share counts in `directory`, if one is given."""
        self._reception = reception
        self._directory = directory
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "limen_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "limen_http_request_duration_seconds",
            "Seconds from the arrival of a request to the end of its answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._sign_ins = Counter(
            "limen_sign_ins", "Sign-ins by outcome.", ("outcome",), registry=registry
        )
        self._now = Gauge(
            "limen_load",
            "What is in use at the moment: hashing threads and queue, connections.",
            ("part",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(
        self, method: str, route: str, status: int, seconds: float, refusal: LimenError | None
    ) -> None:
        """Count one request."""
        key = (method, route, status)
        counted = self._counted.get(key)
        if counted is None:
            counted = self._counted[key] = self._labelled(method, route, status)
        counted[0].inc()
        counted[1].observe(seconds)
        if method == "POST" and route.endswith(_SIGN_IN):
            self._sign_ins.labels(_outcome(status, refusal)).inc()

    def refresh(self) -> None:
        """Note what is so at the moment."""
        for part, value in self._reception.opened.gauges().items():
            self._now.labels(part).set(value)

    def exposition(self) -> bytes:
        """Return all numbers in the text format of Prometheus."""
        self.refresh()
        if self._directory is None:
            return generate_latest(self._registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared, self._directory)  # type: ignore[no-untyped-call]
        return generate_latest(shared)

    def _labelled(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        known = method if method in _METHODS else "other"
        return (
            self._requests.labels(known, route, str(status)),
            self._seconds.labels(known, route),
        )


def _outcome(status: int, refusal: LimenError | None) -> str:
    if refusal is None:
        return "signed_in" if status else "lost"
    return refusal.code


class MetricsController(Controller):
    """The numbers."""

    path = "/metrics"
    tags = ("Operation",)

    @get(
        "/",
        media_type=CONTENT_TYPE_LATEST,
        **described(
            "getMetrics",
            "Get the numbers for Prometheus",
            rules=Rules(is_public=True, query=None, has_json=False),
        ),
    )
    async def expose(self, metrics: NamedDependency[Metrics]) -> Response[bytes]:
        """Return all numbers in the text format of Prometheus, of all workers together."""
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
