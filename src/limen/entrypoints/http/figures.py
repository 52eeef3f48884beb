"""The route that gives the numbers to Prometheus."""

from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency

from limen.entrypoints.http.answers import Answered
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.metrics import Metrics
from limen.entrypoints.http.rules import Query, Rules
from limen.entrypoints.http.services import Reception

# prometheus_client.exposition.CONTENT_TYPE_LATEST, without importing it at the start.
_TEXT: Final = "text/plain; version=1.0.0; charset=utf-8"


class Figures:
    """The numbers of this server, with what is in use at the moment."""

    def __init__(self, metrics: Metrics, reception: Reception) -> None:
        """Take counts from `metrics`, and what is in use from the open limen."""
        self._metrics = metrics
        self._reception = reception

    def leave(self) -> None:
        """Leave them where the other workers find them."""
        self._metrics.leave(self._reception.opened.gauges())

    def exposition(self) -> bytes:
        """Return those of all workers."""
        return self._metrics.exposition(self._reception.opened.gauges())


class MetricsController(Controller):
    """The numbers."""

    path = "/metrics"
    tags = ("Operation",)

    @get(
        "/",
        media_type=_TEXT,
        **described(
            "getMetrics",
            "Get the numbers for Prometheus",
            rules=Rules(is_public=True, query=Query.ANY, has_json=False),
        ),
    )
    async def expose(self, figures: NamedDependency[Figures]) -> Answered[bytes]:
        """Return the numbers of all workers in the text format of Prometheus."""
        return Answered(figures.exposition(), media_type=_TEXT)
