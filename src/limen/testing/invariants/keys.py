"""Signing keys against what is told of them."""

from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History


async def of_keys(view: View, told: History) -> list[str]:
    """Return what is wrong with signing keys."""
    keys = {key.id for key in await view.keys.list()}
    return [f"key {key_id} is there, untold" for key_id in sorted(keys - told.keys.keys())]
