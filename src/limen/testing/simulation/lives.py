"""What lives when, told without asking limen."""

from datetime import datetime

from limen.core.sessions.model import Session
from limen.testing.simulation.journal import Call, Journal


def lives(session: Session, now: datetime) -> bool:
    """Tell whether a session lives."""
    return session.ended_at is None and now < min(session.idle_expires_at, session.expires_at)


def earliest(journal: Journal, call: Call) -> datetime:
    """Return the earliest instant that a use case may have taken for now."""
    return min(call.began_at, journal.clock.now())
