"""Proofs in memory."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from limen.adapters.memory.store import Desk, Rows, changes
from limen.core.errors import ProofInvalid, UserNotFound
from limen.core.ids import ProofId, UserId
from limen.core.proofs.model import Proof, Purpose
from limen.ports.proofs import Proofs


class MemoryProofs:
    """Keeps proofs by id, and knows those of each user."""

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    @changes
    async def put(self, proof: Proof) -> None:
        """Store a new proof in place of any earlier one of its user, purpose and asker."""
        rows = await self._desk.write()
        if proof.user_id not in rows.users:
            raise UserNotFound
        earlier = _find_of(rows, proof.user_id, proof.purpose, proof.asker)
        if earlier is not None:
            _remove(rows, earlier)
        rows.proofs.put(proof.id, proof)
        rows.user_proofs.put(proof.user_id, _ids_of(rows, proof.user_id) | {proof.id})

    async def find(self, proof_id: ProofId) -> Proof | None:
        """Return the proof with this id."""
        rows = await self._desk.read()
        return rows.proofs.get(proof_id)

    async def find_of(
        self, user_id: UserId, purpose: Purpose, asker: bytes | None = None
    ) -> Proof | None:
        """Return the proof of this user for this purpose that this one asked for, or nobody."""
        rows = await self._desk.read()
        return _find_of(rows, user_id, purpose, asker)

    @changes
    async def charge(self, proof_id: ProofId, most: int) -> bool:
        """Count one more try, if there were fewer than `most`."""
        rows = await self._desk.write()
        proof = rows.proofs.get(proof_id)
        if proof is None or proof.tries >= most:
            return False
        rows.proofs.put(proof_id, replace(proof, tries=proof.tries + 1))
        return True

    @changes
    async def consume(self, proof_id: ProofId, now: datetime) -> None:
        """Spend the proof; only who is first can."""
        rows = await self._desk.write()
        proof = rows.proofs.get(proof_id)
        if proof is None or not proof.is_live(now):
            raise ProofInvalid
        rows.proofs.put(proof_id, replace(proof, spent_at=now))

    @changes
    async def remove(self, user_id: UserId) -> None:
        """Remove all proofs of a user."""
        rows = await self._desk.write()
        for proof_id in rows.user_proofs.pop(user_id) or ():
            rows.proofs.pop(proof_id)

    @changes
    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` proofs that were over before `before`."""
        rows = await self._desk.write()
        found = tuple(islice((p for p in rows.proofs.values() if p.expires_at < before), limit))
        for proof in found:
            _remove(rows, proof)
        return len(found)


def _ids_of(rows: Rows, user_id: UserId) -> frozenset[ProofId]:
    return rows.user_proofs.get(user_id) or frozenset()


def _find_of(rows: Rows, user_id: UserId, purpose: Purpose, asker: bytes | None) -> Proof | None:
    for proof_id in _ids_of(rows, user_id):
        proof = rows.proofs[proof_id]
        if (proof.purpose, proof.asker) == (purpose, asker):
            return proof
    return None


def _remove(rows: Rows, proof: Proof) -> None:
    rows.proofs.pop(proof.id)
    rows.user_proofs.put(proof.user_id, _ids_of(rows, proof.user_id) - {proof.id})


_conforms: type[Proofs] = MemoryProofs
