"""What time it is."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the only one who does."""

    def now(self) -> datetime:
        """Return this instant, aware and in UTC."""
        ...
