"""Owns the proof that an adapter is right; never a promise of its own.

- `limen.testing.contracts`: what every adapter of a port must pass; subclass and give a fixture.
- `limen.testing.machines`: state machines that drive the services on a store against a model.
- `limen.testing.crashes`, `.races`, `.interleavings`: writers that die, and callers that meet.
- `limen.testing.invariants`: what is wrong in a store, by what its events tell.
- `limen.testing.store`: how all of these open a store.
- `limen.testing.fakes`, `.builders`, `.strategies`, `.people`: for tests of your own.
- `limen.testing.in_memory()`: a whole limen in one line.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from limen.testing.assembly import in_memory

__all__ = ["in_memory"]

# Contracts and machines are ordinary modules to pytest: only this makes their failures readable.
pytest.register_assert_rewrite("limen.testing.contracts", "limen.testing.machines")


def __getattr__(name: str) -> object:
    """Load a promised name (PEP 562): who only proves an adapter needs no services."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from limen.testing import assembly  # noqa: PLC0415

    return getattr(assembly, name)
