"""Telling whose passkey answered, before that is good for anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from limen.core.actor import Actor
from limen.core.errors import PasskeyRefused
from limen.core.events import PasskeyCloned, SignInFailed, SignInFailure
from limen.core.ids import SessionId, UserId
from limen.core.passkeys.model import (
    Ceremony,
    CeremonyPurpose,
    Passkey,
    PasskeyPolicy,
    ceremony_digest,
)
from limen.core.passkeys.responses import Assertion, read_assertion
from limen.core.secret import Secret
from limen.ports.clock import Clock
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from limen.ports.webauthn import WebAuthn


async def take_ceremony(
    unit_of_work: UnitOfWorkFactory,
    token: Secret[str],
    purpose: CeremonyPurpose,
    now: datetime,
    *,
    user_id: UserId | None = None,
    session_id: SessionId | None = None,
) -> Ceremony:
    """Spend a ceremony for good, before anything is verified, and return it.

    Raises `CeremonyOver`; and `PasskeyRefused` if it belongs to another session, or to another
    user than `user_id`, if there is one.
    """
    digest = ceremony_digest(token)
    async with unit_of_work() as uow:
        ceremony = await uow.ceremonies.consume(digest, purpose, now)
        await uow.commit()
    is_theirs = user_id is None or ceremony.user_id == user_id
    if not is_theirs or ceremony.session_id != session_id:
        raise PasskeyRefused
    return ceremony


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyProver:
    """Verifies the answers of passkeys. Each ceremony is spent by its first answer, good or bad."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    webauthn: WebAuthn
    policy: PasskeyPolicy

    async def prove(
        self,
        token: Secret[str],
        answer: Mapping[str, object],
        purpose: CeremonyPurpose,
        *,
        actor: Actor,
        session_id: SessionId | None = None,
    ) -> Passkey:
        """Return the passkey that answered, as it is after this use; `note_use` stores that.

        The answer must be for this purpose and, since a session has one user, of this session.
        Raises `InvalidInput`, `CeremonyOver` or `PasskeyRefused`.
        """
        assertion = read_assertion(answer)
        now = self.clock.now()
        ceremony = await take_ceremony(
            self.unit_of_work, token, purpose, now, session_id=session_id
        )
        async with self.unit_of_work.view() as view:
            passkey = await view.passkeys.find(assertion.credential_id)
        if passkey is None or not _is_expected(passkey, assertion, ceremony):
            await self._refuse(actor, None if passkey is None else passkey.user_id)
        try:
            state = self.webauthn.check_assertion(
                assertion, passkey.public_key, ceremony.challenge, self.policy
            )
        except PasskeyRefused:
            await self._refuse(actor, passkey.user_id)
        if state.is_backup_eligible is not passkey.is_backup_eligible:
            await self._refuse(actor, passkey.user_id)
        return passkey.used(state.sign_count, now, is_backed_up=state.is_backed_up)

    async def _refuse(self, actor: Actor, user_id: UserId | None) -> NoReturn:
        now, reason = self.clock.now(), SignInFailure.WRONG_PASSKEY
        async with self.unit_of_work() as uow:
            uow.emit(SignInFailed(at=now, actor=actor, user_id=user_id, reason=reason))
            await uow.commit()
        raise PasskeyRefused


def _is_expected(passkey: Passkey, assertion: Assertion, ceremony: Ceremony) -> bool:
    """Tell whether this user was asked, and is who the authenticator takes its user for.

    Where anybody was asked, the authenticator has to say (WebAuthn level 3, 7.2, step 6).
    """
    if ceremony.user_id is None:
        return assertion.user_handle == passkey.user_id.bytes
    is_named = assertion.user_handle in {None, passkey.user_id.bytes}
    return is_named and ceremony.user_id == passkey.user_id


async def note_use(uow: UnitOfWork, used: Passkey, actor: Actor, now: datetime) -> None:
    """Store the use of a passkey, in the transaction of what it proved; its user is locked.

    Raises `PasskeyRefused` if it was removed meanwhile, or its counter fell back; that is recorded,
    and this much committed.
    """
    present = await uow.passkeys.find(used.credential_id)
    if present is None or present.id != used.id:
        raise PasskeyRefused
    if await uow.passkeys.use(used):
        return
    uow.emit(PasskeyCloned(at=now, actor=actor, user_id=used.user_id, passkey_id=used.id))
    reason = SignInFailure.PASSKEY_CLONED
    uow.emit(SignInFailed(at=now, actor=actor, user_id=used.user_id, reason=reason))
    await uow.commit()
    raise PasskeyRefused
