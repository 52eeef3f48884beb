"""The arithmetic of the bench: medians, percentiles, rates and ratios."""

import math
from collections.abc import Sequence
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that at least `share` (0 to 1) of all values do not exceed."""
    if not values:
        raise ValueError("no values")
    if not 0 < share <= 1:
        raise ValueError("a share lies above 0 and is at most 1")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def rate(instants: Sequence[float]) -> float:
    """Return how many a second were done, from the instants at which each was done.

    From the first to the last: what was begun and not finished at either end does not count.
    """
    span = max(instants) - min(instants) if instants else 0.0
    if span <= 0:
        raise ValueError("a rate needs two instants")
    return (len(instants) - 1) / span


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios, round by round.

    What was measured side by side is compared with each other, so that a machine that becomes
    slower on the way hardly matters.
    """
    if not ours:
        raise ValueError("no rounds")
    return median(a / b for a, b in zip(ours, theirs, strict=True))
