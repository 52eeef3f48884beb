"""Enrolling, seeing, naming and removing passkeys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from limen.core.access import authorise, authorise_over, lock_fresh, require_fresh, require_person
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    ApprovalNeeded,
    InvalidInput,
    PasskeyNotFound,
    TooManyPasskeys,
    VersionMismatch,
)
from limen.core.events import PasskeyEnrolled, PasskeyRemoved, PasskeyRenamed
from limen.core.factors.holding import has_factors
from limen.core.factors.resetting import drop_reset
from limen.core.ids import PasskeyId, UserId
from limen.core.messages.composing import PASSKEY
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.passkeys.asking import Asked, CeremonyDesk
from limen.core.passkeys.model import (
    MOST_PASSKEYS,
    CeremonyPurpose,
    NewCredential,
    Passkey,
    parse_passkey_name,
)
from limen.core.passkeys.proving import take_ceremony
from limen.core.passkeys.responses import Attestation, read_attestation
from limen.core.reading import Reader
from limen.core.roles.model import Permission
from limen.core.secret import Secret, as_secret
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.signin.levels import FactorPolicy, keep_required_factor
from limen.core.throttles.charging import charge_ceremony
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from limen.ports.webauthn import WebAuthn


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentParts:
    """What asks authenticators, what verifies their answers, and what writes to the owner."""

    desk: CeremonyDesk
    webauthn: WebAuthn
    postbox: Postbox


class PasskeyService:
    """The passkeys of a user: one's own, or with a permission another's."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        parts: EnrolmentParts,
        factors: FactorPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._factors = factors
        self._ambient = ambient
        self._parts = parts

    async def begin_enrolment(self, *, actor: Actor) -> Asked:
        """Ask for a new passkey of the actor's own, who has five minutes for the answer.

        Raises `TooManyPasskeys`, what `require_fresh` does, or `TooManyAttempts` when too much was
        asked for from the actor's address.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user, enrolled = await _owner(uow, actor, now)
            await charge_ceremony(uow, actor, now)
            asked = await self._parts.desk.ask_to_enrol(
                uow, user, enrolled, now, session_id=actor.session_id
            )
            await uow.commit()
        return asked

    async def enrol(
        self,
        *,
        ceremony: Secret[str] | str,
        answer: Mapping[str, object],
        name: str = "",
        actor: Actor,
    ) -> Passkey:
        """Store the new passkey that answers, in the session that asked, and tell its owner.

        Raises `InvalidInput`, `CeremonyOver`, `PasskeyRefused`, `PasskeyTaken`, `TooManyPasskeys`
        or what `require_fresh` does.
        """
        called, attestation = _read(name, answer)
        token = as_secret(ceremony)
        require_person(actor)
        credential = await self._verify(token, attestation, actor)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user, _ = await _owner(uow, actor, now)
            passkey = Passkey(
                id=PasskeyId(self._ambient.ids.new()),
                user_id=user.id,
                name=called,
                credential_id=attestation.credential_id,
                public_key=credential.public_key,
                sign_count=credential.state.sign_count,
                transports=attestation.transports,
                is_backup_eligible=credential.state.is_backup_eligible,
                is_backed_up=credential.state.is_backed_up,
                created_at=now,
            )
            await uow.passkeys.add(passkey)
            await drop_reset(uow, user.id, actor, now)
            event = PasskeyEnrolled(at=now, actor=actor, user_id=user.id, passkey_id=passkey.id)
            uow.emit(event)
            await self._tell_owner(uow, MessageKind.PASSKEY_ENROLLED, passkey)
            await uow.commit()
        return passkey

    async def list(self, user_id: UserId, *, actor: Actor) -> tuple[Passkey, ...]:
        """Return a user's passkeys, the oldest first; another's need `passkeys.read`.

        Raises `UserNotFound`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            if not actor.owns(user_id):
                await authorise(view, actor, Permission.PASSKEYS_READ, now)
                await view.users.get(user_id)
            return await view.passkeys.list(user_id)

    async def get(self, user_id: UserId, passkey_id: PasskeyId, *, actor: Actor) -> Passkey:
        """Return one passkey of a user; another's needs `passkeys.read`.

        Raises `UserNotFound` or `PasskeyNotFound`.
        """
        return _find(await self.list(user_id, actor=actor), passkey_id)

    async def rename(
        self,
        passkey_id: PasskeyId,
        *,
        name: str,
        actor: Actor,
        expected_version: int | None = None,
    ) -> Passkey:
        """Give one of one's own passkeys another name.

        Raises `NotSignedIn`, `InvalidInput`, `PasskeyNotFound` or `VersionMismatch`.
        """
        reader = Reader()
        called = reader.read("name", parse_passkey_name, name) or ""
        reader.refuse_faults()
        user_id = require_person(actor)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            present = await _expected(uow, user_id, passkey_id, expected_version)
            if present.name == called:
                return present
            renamed = present.renamed(called)
            await uow.passkeys.save(renamed)
            event = PasskeyRenamed(at=now, actor=actor, user_id=user_id, passkey_id=passkey_id)
            uow.emit(event)
            await uow.commit()
        return renamed

    async def remove(
        self,
        user_id: UserId,
        passkey_id: PasskeyId,
        *,
        actor: Actor,
        expected_version: int | None = None,
    ) -> None:
        """Remove a passkey of a user for good; another's needs `passkeys.remove`.

        All sessions but the actor's own end, and the owner is told.

        Raises `UserNotFound`, `PasskeyNotFound`, `VersionMismatch`, `FactorRequired` of one's own
        last factor where one must have one, `ApprovalNeeded` of another's last factor where resets
        need approval, or what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            if not actor.owns(user_id):
                await authorise_over(uow, actor, Permission.PASSKEYS_REMOVE, user_id, now)
            await uow.users.lock(user_id)
            await require_fresh(uow, actor, now)
            passkey = await _expected(uow, user_id, passkey_id, expected_version)
            await uow.passkeys.remove(user_id, passkey_id)
            if actor.owns(user_id):
                await keep_required_factor(uow, self._factors, user_id, now)
            elif self._factors.needs_approval and not actor.is_system:
                await _leave_a_factor(uow, user_id)
            # Whoever has it now may have come in by it.
            kept = actor.session_id if actor.owns(user_id) else None
            await end_everything(uow, user_id, actor, now, EndReason.FACTOR_CHANGED, keep=kept)
            event = PasskeyRemoved(at=now, actor=actor, user_id=user_id, passkey_id=passkey_id)
            uow.emit(event)
            await self._tell_owner(uow, MessageKind.PASSKEY_REMOVED, passkey)
            await uow.commit()

    async def _verify(
        self, token: Secret[str], attestation: Attestation, actor: Actor
    ) -> NewCredential:
        ceremony = await take_ceremony(
            self._unit_of_work,
            token,
            CeremonyPurpose.ENROL,
            self._ambient.clock.now(),
            user_id=actor.user_id,
            session_id=actor.session_id,
        )
        parts = self._parts
        return parts.webauthn.check_attestation(attestation, ceremony.challenge, parts.desk.policy)

    async def _tell_owner(self, uow: UnitOfWork, kind: MessageKind, passkey: Passkey) -> None:
        now, values = self._ambient.clock.now(), {PASSKEY: passkey.name}
        await self._parts.postbox.post(uow, kind, now, user_id=passkey.user_id, values=values)


def _read(name: str, answer: Mapping[str, object]) -> tuple[str, Attestation]:
    """Read what was given, so that every fault is told at once."""
    reader = Reader()
    called = reader.read("name", parse_passkey_name, name) or ""
    try:
        attestation = read_attestation(answer)
    except InvalidInput as invalid:
        reader.extend(invalid.details)
        raise InvalidInput(details=reader.faults) from None
    reader.refuse_faults()
    return called, attestation


async def _owner(uow: UnitOfWork, actor: Actor, now: datetime) -> tuple[User, tuple[Passkey, ...]]:
    """Lock and return the actor, who may have one more passkey, and those there are."""
    user = await lock_fresh(uow, actor, now)
    enrolled = await uow.passkeys.list(user.id)
    if len(enrolled) >= MOST_PASSKEYS:
        raise TooManyPasskeys
    return user, enrolled


async def _leave_a_factor(uow: UnitOfWork, user_id: UserId) -> None:
    if not await has_factors(uow, user_id):
        raise ApprovalNeeded


async def _expected(
    uow: UnitOfWork, user_id: UserId, passkey_id: PasskeyId, version: int | None
) -> Passkey:
    passkey = _find(await uow.passkeys.list(user_id), passkey_id)
    if version is not None and passkey.version != version:
        raise VersionMismatch
    return passkey


def _find(passkeys: tuple[Passkey, ...], passkey_id: PasskeyId) -> Passkey:
    for passkey in passkeys:
        if passkey.id == passkey_id:
            return passkey
    raise PasskeyNotFound
