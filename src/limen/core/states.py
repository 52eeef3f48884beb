"""How much the methods of a sign-in prove."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

# Not of RFC 8176, which knows only of proofs: the browser was remembered, and nothing was proved.
REMEMBERED: Final = "remember"


class SessionState(StrEnum):
    """What a session is good for: to tell who is probably here, or to act for them."""

    IDENTIFIED = "identified"
    FULL = "full"


def state_of(methods: Collection[str]) -> SessionState:
    """Return the state of a session by its methods: what proves nothing is not full."""
    is_proved = bool(methods) and REMEMBERED not in methods
    return SessionState.FULL if is_proved else SessionState.IDENTIFIED
