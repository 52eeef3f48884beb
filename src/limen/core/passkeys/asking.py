"""Asking authenticators: a challenge is made, kept for its answer, and put into options."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from limen.core.encoding import write_base64url
from limen.core.ids import SessionId, UserId
from limen.core.passkeys.decoys import decoys
from limen.core.passkeys.model import (
    CEREMONY_LIFETIME,
    CHALLENGE_BYTES,
    TOKEN_BYTES,
    Ceremony,
    CeremonyPurpose,
    Passkey,
    PasskeyPolicy,
    ceremony_digest,
)
from limen.core.passkeys.options import Descriptor, creation_options, request_options
from limen.core.secret import Secret
from limen.core.users.model import User
from limen.ports.entropy import Entropy
from limen.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A ceremony that has begun: its token comes back with the answer to its options."""

    ceremony: Secret[str]
    options: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyDesk:
    """Begins ceremonies; `key` is the server's, the same on all nodes.

    The caller commits.
    """

    entropy: Entropy
    key: Secret[bytes]
    policy: PasskeyPolicy

    async def ask_to_enrol(
        self,
        uow: UnitOfWork,
        user: User,
        enrolled: Iterable[Passkey],
        now: datetime,
        *,
        session_id: SessionId | None,
    ) -> Asked:
        """Ask for a new passkey of a user, whom only this session may enrol it for."""
        token, ceremony = self._begin(CeremonyPurpose.ENROL, now, user.id, session_id)
        await uow.ceremonies.add(ceremony)
        options = creation_options(self.policy, ceremony.challenge, user, enrolled)
        return Asked(ceremony=token, options=options)

    async def ask_to_prove(
        self,
        uow: UnitOfWork,
        purpose: CeremonyPurpose,
        now: datetime,
        *,
        user_id: UserId | None = None,
        session_id: SessionId | None = None,
        allowed: Iterable[Descriptor] = (),
    ) -> Asked:
        """Ask for a proof by a passkey: by one of those `allowed`, of this user; or by any."""
        token, ceremony = self._begin(purpose, now, user_id, session_id)
        await uow.ceremonies.add(ceremony)
        options = request_options(self.policy, ceremony.challenge, allowed)
        return Asked(ceremony=token, options=options)

    def allow(self, passkeys: Iterable[Passkey], subject: str) -> tuple[Descriptor, ...]:
        """Describe these passkeys, or if there are none what `subject` might have."""
        # Made in any case, so that the work is the same.
        made_up = decoys(self.key, subject)
        return tuple(map(Descriptor.of, passkeys)) or made_up

    def _begin(
        self,
        purpose: CeremonyPurpose,
        now: datetime,
        user_id: UserId | None,
        session_id: SessionId | None,
    ) -> tuple[Secret[str], Ceremony]:
        token = Secret(write_base64url(self.entropy.bytes(TOKEN_BYTES)))
        ceremony = Ceremony(
            digest=ceremony_digest(token),
            purpose=purpose,
            challenge=self.entropy.bytes(CHALLENGE_BYTES),
            user_id=user_id,
            session_id=session_id,
            expires_at=now + CEREMONY_LIFETIME,
        )
        return token, ceremony
