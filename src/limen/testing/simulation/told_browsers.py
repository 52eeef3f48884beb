"""Remembered browsers and addresses: what of their changes is told, and by which events."""

from collections.abc import Iterator

from limen.core.events import (
    BrowserRemembered,
    EmailChanged,
    Event,
    RememberedReuseDetected,
    SessionIdentified,
)
from limen.testing.simulation.journal import Fact


def told(event: Event) -> Iterator[Fact]:
    """Yield what an event tells."""
    match event:
        case EmailChanged():
            yield from (("moved", event.user_id), ("updated", event.user_id))
        case BrowserRemembered():
            yield ("browser", event.remembered_id)
        case RememberedReuseDetected():
            yield from (("ended", event.user_id) for _ in event.ended[:1])
        case SessionIdentified():
            yield from (("signed in", event.session_id), ("browser", event.remembered_id))
            yield from (("ended", event.user_id) for _ in event.replaced[:1])
