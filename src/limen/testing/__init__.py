"""Owns the proof that an adapter is right; never a promise of its own.

- `limen.testing.contracts`: what every adapter of a port must pass; subclass and give a fixture.
- `limen.testing.machines`: state machines that drive the services on a store against a model.
- `limen.testing.fakes`, `.builders`, `.strategies`: for tests of your own.
"""

import pytest

# Contracts and machines are ordinary modules to pytest: only this makes their failures readable.
pytest.register_assert_rewrite("limen.testing.contracts", "limen.testing.machines")
