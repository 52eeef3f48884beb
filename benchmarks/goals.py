"""Where limen must be: the last table of the design's page on speed, and the simulation's pace."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound that a figure must reach, or with `is_ceiling` must not pass."""

    name: str
    what: str
    bound: float
    is_ceiling: bool = False
    unit: str = ""

    def is_met(self, value: float) -> bool:
        """Tell whether `value` is good enough, as it is printed: rounded to two places."""
        shown = round(value, 2)
        return shown <= self.bound if self.is_ceiling else shown >= self.bound

    @property
    def text(self) -> str:
        """The bound for people."""
        sign = "≤" if self.is_ceiling else "≥"
        return f"{sign} {self.bound:g}{self.unit}"


SIGN_IN: Final = Goal(
    name="sign-in", what="sign-in / hashing limit of the same threads", bound=0.95
)
LATENCY: Final = Goal(
    name="latency",
    what="99th percentile of GET /me while sign-ins saturate / alone",
    bound=3,
    is_ceiling=True,
)
CHECK: Final = Goal(name="check", what="GET /auth/check / empty Litestar route", bound=0.60)
ME: Final = Goal(name="me", what="GET /me / bare Litestar and driver", bound=0.80)
REFRESH: Final = Goal(
    name="refresh", what="refresh / single-statement rotation on the driver", bound=0.50
)
LIST: Final = Goal(name="list", what="list, last page / first page by cursor", bound=0.85)
IMPORT: Final = Goal(name="import", what="import of pre-hashed rows / bare bulk insert", bound=0.40)
MEMORY: Final = Goal(
    name="memory", what="idle memory of one worker", bound=120, is_ceiling=True, unit=" MB"
)
HELP: Final = Goal(name="help", what="limen --help", bound=0.3, is_ceiling=True, unit=" s")
START: Final = Goal(name="start", what="start to first 200", bound=1.5, is_ceiling=True, unit=" s")

# A million steps in less than ten minutes.
SIMULATION: Final = Goal(name="simulation", what="limen simulate", bound=2000, unit=" steps/s")

GOALS: Final = (
    *(SIGN_IN, LATENCY, CHECK, ME, REFRESH, LIST, IMPORT),
    *(MEMORY, HELP, START, SIMULATION),
)
