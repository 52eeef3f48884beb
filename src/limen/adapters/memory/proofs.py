"""Proofs in memory."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, changes
from limen.core.errors import ProofInvalid, UserNotFound
from limen.core.ids import ProofId, UserId
from limen.core.proofs.model import Proof, Purpose
from limen.ports.proofs import Proofs


class MemoryProofs:
    """Keeps proofs by user and purpose."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def put(self, proof: Proof) -> None:
        """Store a new proof in place of any earlier one of this user for this purpose."""
        rows = await self._desk.write()
        if proof.user_id not in rows.users:
            raise UserNotFound
        rows.proofs.put((proof.user_id, proof.purpose), proof)

    async def find(self, proof_id: ProofId) -> Proof | None:
        """Return the proof with this id."""
        rows = await self._desk.read()
        return next((p for p in rows.proofs.values() if p.id == proof_id), None)

    async def find_of(self, user_id: UserId, purpose: Purpose) -> Proof | None:
        """Return the proof of this user for this purpose."""
        rows = await self._desk.read()
        return rows.proofs.get((user_id, purpose))

    @changes
    async def charge(self, proof_id: ProofId, most: int) -> bool:
        """Count one more try, if there were fewer than `most`."""
        rows = await self._desk.write()
        proof = next((p for p in rows.proofs.values() if p.id == proof_id), None)
        if proof is None or proof.tries >= most:
            return False
        rows.proofs.put((proof.user_id, proof.purpose), replace(proof, tries=proof.tries + 1))
        return True

    @changes
    async def consume(self, proof_id: ProofId, now: datetime) -> None:
        """Spend the proof; only who is first can."""
        rows = await self._desk.write()
        proof = next((p for p in rows.proofs.values() if p.id == proof_id), None)
        if proof is None or not proof.is_live(now):
            raise ProofInvalid
        rows.proofs.put((proof.user_id, proof.purpose), replace(proof, spent_at=now))

    @changes
    async def remove(self, user_id: UserId) -> None:
        """Remove all proofs of a user."""
        rows = await self._desk.write()
        for purpose in Purpose:
            rows.proofs.pop((user_id, purpose))

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` proofs that were over before `before`."""
        rows = await self._desk.write()
        over = ((p.user_id, p.purpose) for p in rows.proofs.values() if p.expires_at < before)
        found = tuple(islice(over, limit))
        for key in found:
            rows.proofs.pop(key)
        return len(found)


_conforms: type[Proofs] = MemoryProofs
