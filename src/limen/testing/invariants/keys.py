"""Signing keys against what is told of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History


async def of_keys(view: View, told: History, now: datetime, verifies: timedelta) -> list[str]:
    """Return what is wrong with signing keys, which verify so long after their replacement."""
    keys = {key.id: key.signs_from for key in await view.keys.list()}
    found = [f"key {key_id} is there, untold" for key_id in sorted(keys.keys() - told.keys.keys())]
    may_be_gone = frozenset(_replaced(told.keys, now - verifies))
    for key_id, signs_from in told.keys.items():
        if key_id not in keys and key_id not in may_be_gone:
            found.append(f"key {key_id} is lost")
        elif keys.get(key_id, signs_from) != signs_from:
            found.append(f"key {key_id} signs from another instant than the events tell")
    return found


def _replaced(keys: Mapping[str, datetime], before: datetime) -> Iterator[str]:
    """Give the keys that a purge takes: their successors began to sign before `before`."""
    in_order = sorted((signs_from, key_id) for key_id, signs_from in keys.items())
    for (_, key_id), (replaced_at, _) in pairwise(in_order):
        if replaced_at < before:
            yield key_id
