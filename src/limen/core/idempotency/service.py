"""Answering a repeated request with the first answer."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from limen.core.ambient import Ambient
from limen.core.errors import IdempotencyInProgress, IdempotencyKeyReused, InvalidInput
from limen.core.idempotency.model import ABANDONED, REMEMBERED, Attempt, StoredAnswer, parse_key
from limen.core.reading import Reader
from limen.core.secret import Secret
from limen.ports.cipher import Cipher
from limen.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Either the right to answer, or the answer that was given before."""

    attempt: Attempt
    answer: StoredAnswer | None = None


class IdempotencyService:
    """Remembers for a day what was answered under an idempotency key; answers are encrypted."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient, cipher: Cipher
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._cipher = cipher

    async def begin(self, key: str, *, owner: str, request: Sequence[bytes]) -> Claim:
        """Claim `key` for `owner` (who asks, so that keys of others never meet) and `request`.

        Raises `InvalidInput`, `IdempotencyKeyReused` for another request under the same key, or
        `IdempotencyInProgress` while the first one is still being answered.
        """
        reader = Reader()
        if reader.read("Idempotency-Key", parse_key, key) is None:
            raise InvalidInput(details=reader.faults)
        now = self._ambient.clock.now()
        scope, asked = _digest([owner.encode(), key.encode()]), Secret(_digest(request))
        attempt = Attempt(
            scope=scope,
            # Requests hold passwords: who reads the store must not try them against a bare digest.
            fingerprint=self._cipher.seal(asked, _fingerprint_place(scope)),
            begun_at=now,
            expires_at=now + REMEMBERED,
        )
        async with self._unit_of_work() as uow:
            present = await uow.attempts.begin(attempt, abandoned_before=now - ABANDONED)
            await uow.commit()
        if present is None:
            return Claim(attempt=attempt)
        if self._cipher.open(present.fingerprint, _fingerprint_place(scope)) != asked:
            raise IdempotencyKeyReused
        if present.sealed is None:
            raise IdempotencyInProgress(retry_after=1)
        return Claim(attempt=present, answer=self._open(present, present.sealed))

    async def finish(self, attempt: Attempt, answer: StoredAnswer) -> None:
        """Remember the answer of a claimed attempt."""
        plain = json.dumps([answer.status, answer.headers, answer.body.decode()]).encode()
        sealed = self._cipher.seal(Secret(plain), _place(attempt))
        async with self._unit_of_work() as uow:
            await uow.attempts.finish(replace(attempt, sealed=sealed))
            await uow.commit()

    async def abandon(self, attempt: Attempt) -> None:
        """Let the key be used again: the request had no answer worth repeating."""
        async with self._unit_of_work() as uow:
            await uow.attempts.abandon(attempt)
            await uow.commit()

    def _open(self, attempt: Attempt, sealed: bytes) -> StoredAnswer:
        status, headers, body = json.loads(self._cipher.open(sealed, _place(attempt)).reveal())
        return StoredAnswer(
            status=status,
            headers=tuple((name, value) for name, value in headers),
            body=body.encode(),
        )


def _digest(parts: Sequence[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _fingerprint_place(scope: bytes) -> str:
    return f"idempotency_attempts.fingerprint.{scope.hex()}"


def _place(attempt: Attempt) -> str:
    return f"idempotency_attempts.sealed.{attempt.scope.hex()}"
