"""What operators see of requests: one log line and a few numbers for each."""

import structlog

from limen.entrypoints.http.call import Call
from limen.entrypoints.http.metrics import Metrics

_FIRST_BROKEN = 500


class Observer:
    """Tells the log and the metrics of each answered request.

    Never a path, a query, a body or a header: the template of the route says enough.
    """

    def __init__(self, metrics: Metrics) -> None:
        """Count in `metrics`."""
        self._metrics = metrics
        self._log = structlog.get_logger("limen.access")

    def __call__(self, call: Call, seconds: float) -> None:
        """Tell of one request."""
        method, route, status = call.method, call.route, call.status
        self._metrics.observe(method, route, status, seconds, call.refusal)
        self._metrics.suspect(call.meter.suspicions)
        claims, refusal = call.claims, call.refusal
        line: dict[str, object] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "request_id": call.request_id,
        }
        if claims is not None:
            line["user_id"] = str(claims.user_id)
        elif call.key is not None:
            line["user_id"] = str(call.key.user_id)
            line["api_key"] = call.key.name
        if refusal is not None:
            line["code"] = refusal.code
        if call.trace is not None:
            line["trace_id"], line["span_id"] = call.trace
        if status >= _FIRST_BROKEN:
            self._log.error("request", **line)
        else:
            self._log.info("request", **line)
