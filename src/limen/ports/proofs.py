"""Where one-time links and codes are kept."""

from datetime import datetime
from typing import Protocol

from limen.core.ids import ProofId, UserId
from limen.core.proofs.model import Proof, Purpose


class Proofs(Protocol):
    """Keeps for each user at most one proof for each purpose and asker."""

    async def put(self, proof: Proof) -> None:
        """Store a new proof in place of any earlier one of its user, purpose and asker.

        Raises `UserNotFound` if the user is gone.
        """
        ...

    async def find(self, proof_id: ProofId) -> Proof | None:
        """Return the proof with this id."""
        ...

    async def find_of(
        self, user_id: UserId, purpose: Purpose, asker: bytes | None = None
    ) -> Proof | None:
        """Return the proof of this user for this purpose that this one asked for, or nobody."""
        ...

    async def charge(self, proof_id: ProofId, most: int) -> bool:
        """Count one more try by one conditional write; tell whether there were fewer than `most`.

        Of parallel callers as many get through as tries are left.
        """
        ...

    async def consume(self, proof_id: ProofId, now: datetime) -> None:
        """Spend the proof by one conditional write.

        Raises `ProofInvalid` if it was spent before, is over at `now`, or is gone: of parallel
        callers exactly one wins.
        """
        ...

    async def remove(self, user_id: UserId) -> None:
        """Remove all proofs of a user, whatever they are for."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` proofs that were over before `before`; return how many."""
        ...
