"""New identifiers."""

from typing import Protocol
from uuid import UUID


class IdSource(Protocol):
    """Makes identifiers nobody has had before."""

    def new(self) -> UUID:
        """Return a fresh UUIDv7 (RFC 9562 section 5.7), greater than every one made here before."""
        ...
