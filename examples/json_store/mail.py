"""Messages to people, and the one-time links and codes in them."""

from dataclasses import replace
from datetime import datetime

from examples.json_store.tables import Repository, Tables, proof_key
from limen.core.errors import MessageNotFound, ProofInvalid, UserNotFound
from limen.core.ids import MessageId, ProofId, UserId
from limen.core.messages.model import Message, MessageState
from limen.core.proofs.model import Proof, Purpose
from limen.ports.messages import Messages
from limen.ports.proofs import Proofs


class JsonMessages(Repository):
    """See `limen.ports.messages`."""

    async def add(self, message: Message) -> None:
        (await self._desk.write()).messages.put(message)

    async def get(self, message_id: MessageId) -> Message:
        message = (await self._desk.read()).messages.get(message_id)
        if message is None:
            raise MessageNotFound
        return message

    async def list(
        self,
        *,
        state: MessageState | None = None,
        before: MessageId | None = None,
        limit: int = 100,
    ) -> tuple[Message, ...]:
        tables = await self._desk.read()
        asked = {} if state is None else {"state": state}
        found = [m for m in tables.messages.where(**asked) if before is None or m.id < before]
        return tuple(sorted(found, key=lambda message: message.id, reverse=True)[:limit])

    async def claim(self, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        tables = await self._desk.write()
        due = [m for m in tables.messages.where(state=MessageState.WAITING) if m.due_at <= now]
        due.sort(key=lambda message: (message.due_at, message.id))
        claimed = tuple(message.claimed(until) for message in due[:limit])
        for message in claimed:
            tables.messages.put(message)
        return claimed

    async def save(self, message: Message) -> None:
        (await self._desk.write()).messages.save(message)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.messages.remove_where(lambda one: _has_ended(one, before), limit))


class JsonProofs(Repository):
    """See `limen.ports.proofs`."""

    async def put(self, proof: Proof) -> None:
        tables = await self._desk.write()
        if proof.user_id not in tables.users:
            raise UserNotFound
        tables.proofs.put(proof)

    async def find(self, proof_id: ProofId) -> Proof | None:
        return _find(await self._desk.read(), proof_id)

    async def find_of(
        self, user_id: UserId, purpose: Purpose, asker: bytes | None = None
    ) -> Proof | None:
        key = proof_key(user_id, purpose, asker)
        return (await self._desk.read()).proofs.get(key)

    async def charge(self, proof_id: ProofId, most: int) -> bool:
        tables = await self._desk.write()
        proof = _find(tables, proof_id)
        if proof is None or proof.tries >= most:
            return False
        tables.proofs.put(replace(proof, tries=proof.tries + 1))
        return True

    async def consume(self, proof_id: ProofId, now: datetime) -> None:
        tables = await self._desk.write()
        proof = _find(tables, proof_id)
        if proof is None or not proof.is_live(now):
            raise ProofInvalid
        tables.proofs.put(replace(proof, spent_at=now))

    async def remove(self, user_id: UserId) -> None:
        tables = await self._desk.write()
        tables.proofs.remove_where(lambda proof: proof.user_id == user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        tables = await self._desk.write()
        return len(tables.proofs.remove_where(lambda proof: proof.expires_at < before, limit))


def _find(tables: Tables, proof_id: ProofId) -> Proof | None:
    return next(tables.proofs.where(id=proof_id), None)


def _has_ended(message: Message, before: datetime) -> bool:
    return message.ended_at is not None and message.ended_at < before


_conforms: tuple[type[Messages], type[Proofs]] = (JsonMessages, JsonProofs)
