"""Blocks about what the simulation checks."""

from docs.markdown import table
from limen.testing.simulation.catalogue import INVARIANTS


def invariants() -> str:
    """Return the table of invariants."""
    rows = [[one.name, one.sentence, one.origin] for one in INVARIANTS]
    return table(["invariant", "what always holds", "where it comes from"], rows)
