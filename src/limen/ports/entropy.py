"""Chance that nobody can guess."""

from typing import Protocol


class Entropy(Protocol):
    """Gives random bytes fit for secrets."""

    def bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        ...
