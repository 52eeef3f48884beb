"""Proving and changing e-mail addresses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from limen.core.access import lock_fresh, require_person
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import InvalidInput, NotSignedIn
from limen.core.events import EmailChanged, EmailChangeRequested
from limen.core.messages.composing import NEW_EMAIL, asked_by
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.passwords.proving import PasswordProver
from limen.core.proofs.checking import ProofChecker, present
from limen.core.proofs.model import Proof, Purpose
from limen.core.proofs.spending import spend
from limen.core.reading import Reader
from limen.core.secret import Secret
from limen.core.throttles.charging import charge_mail, unlock
from limen.core.users.model import Email, User
from limen.core.users.ownership import displace, leave_address, prove_address
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

# Each end of a change, and the other one.
_OTHER_END: Final = {
    Purpose.APPROVE_EMAIL_CHANGE: Purpose.CONFIRM_EMAIL_CHANGE,
    Purpose.CONFIRM_EMAIL_CHANGE: Purpose.APPROVE_EMAIL_CHANGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEmail:
    """What came of a proof: the user as they are now, and what is still to be done.

    With `reset_token` they set a password of their own; with `is_waiting` a change of address waits
    for its other end.
    """

    user: User
    reset_token: Secret[str] | None = None
    is_waiting: bool = False


class EmailService:
    """The addresses of users: proving that they are theirs, and changing them."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        postbox: Postbox,
        checker: ProofChecker,
        prover: PasswordProver,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._postbox = postbox
        self._checker = checker
        self._prover = prover

    async def send_verification(self, *, identifier: str, actor: Actor | None = None) -> None:
        """Have another link and code sent, if this is the address or username of an unproven one.

        The answer is the same for everybody. Raises `TooManyAttempts` when too much mail was asked
        for from the actor's address.
        """
        by = actor or Actor.anonymous()
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await charge_mail(uow, by, now)
            kind, values = MessageKind.VERIFY_EMAIL, asked_by(by, identifier)
            await self._postbox.post(uow, kind, now, values=values)
            await uow.commit()

    async def request_change(self, *, new_email: str, actor: Actor) -> None:
        """Ask for another address: it is confirmed there, and approved at a proved present one.

        Whether the new address is taken is told by nothing here. Raises `NotSignedIn`,
        `StepUpNeeded`, `SessionEnded`, `InvalidInput` or `TooManyAttempts`.
        """
        require_person(actor)
        reader = Reader()
        email = reader.read("new_email", Email.parse, new_email)
        if email is None:
            raise InvalidInput(details=reader.faults)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user = await lock_fresh(uow, actor, now)
            await charge_mail(uow, actor, now)
            if user.email.key == email.key:
                reader.fault("new_email", "same", "is your address already")
                raise InvalidInput(details=reader.faults)
            await self._ask_both_ends(uow, user, email, actor, now)
            uow.emit(EmailChangeRequested(at=now, actor=actor, user_id=user.id))
            await uow.commit()

    async def verify(
        self,
        *,
        token: Secret[str] | str | None = None,
        identifier: str | None = None,
        code: Secret[str] | str | None = None,
        password: Secret[str] | str | None = None,
        actor: Actor | None = None,
    ) -> VerifiedEmail:
        """Prove an address by the token of a link, or by a code; change it, if it is of a change.

        A code comes with the identifier it was asked for with, or is the actor's own. Whoever
        proves the first address of an account keeps it as it is when they are signed in to it or
        give its `password`. To anybody else it falls as to its owner: the password and all sessions
        of its maker go, and a token comes back to set a password with. An account that was ever
        proved falls to nobody: an address that others set is proved by its owner alone. A new
        address is confirmed only by somebody who is signed in to the account or gives its password;
        another account that has it, and never proved any, is removed unless somebody gave it a
        role.

        Raises `InvalidInput`, `ProofInvalid`, `NotSignedIn`, `CurrentPasswordWrong`, `EmailTaken`,
        `TooManyAttempts` or `HashingBusy`.
        """
        by = actor or Actor.anonymous()
        purposes = (Purpose.VERIFY_EMAIL, *_OTHER_END)
        proof = await self._checker.check(present(token, identifier, code), *purposes, actor=by)
        if password is not None:
            await self._prover.prove(proof.user_id, password, actor=by)
        is_maker = password is not None or by.owns(proof.user_id)
        if proof.purpose is Purpose.CONFIRM_EMAIL_CHANGE and not is_maker:
            # Whoever reads the mail of an address need not know whose account wants it.
            raise NotSignedIn
        if proof.purpose in _OTHER_END:
            return await self._finish_end(proof, by)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            before = await spend(uow, proof, now)
            user = await prove_address(uow, before, by, now, is_maker=is_maker)
            reset_token = None
            if before.email_verified_at is None and not is_maker:
                purpose = Purpose.RESET_PASSWORD
                reset_token = await self._checker.renew(uow, purpose, user, now)
            await unlock(uow, user.id, by)
            await uow.commit()
        return VerifiedEmail(user=user, reset_token=reset_token)

    async def _ask_both_ends(
        self, uow: UnitOfWork, user: User, email: Email, actor: Actor, now: datetime
    ) -> None:
        values = asked_by(actor) | {NEW_EMAIL: email.address}
        confirm, approve = MessageKind.CONFIRM_EMAIL_CHANGE, MessageKind.APPROVE_EMAIL_CHANGE
        await self._postbox.post(
            uow, confirm, now, user_id=user.id, to=email.address, values=values
        )
        if user.email_verified_at is not None:
            await self._postbox.post(uow, approve, now, user_id=user.id, values=values)

    async def _finish_end(self, proof: Proof, actor: Actor) -> VerifiedEmail:
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user = await spend(uow, proof, now)
            other = await uow.proofs.find_of(user.id, _OTHER_END[proof.purpose])
            is_waiting = not _is_enough(user, proof, other, now)
            if not is_waiting:
                user = await self._change(uow, user, proof, actor, now)
            await uow.commit()
        return VerifiedEmail(user=user, is_waiting=is_waiting)

    async def _change(
        self, uow: UnitOfWork, user: User, proof: Proof, actor: Actor, now: datetime
    ) -> User:
        email = Email.parse(proof.new_email or "")
        await displace(uow, email, actor, now)
        changed = user.with_email(email, now)
        await uow.users.save(changed)
        await leave_address(uow, self._ambient.ids, user, actor, now)
        uow.emit(EmailChanged(at=now, actor=actor, user_id=user.id))
        return changed


def _is_enough(user: User, proof: Proof, other: Proof | None, now: datetime) -> bool:
    """Tell whether both ends of a change have agreed; an unproven present address has no say."""
    if proof.purpose is Purpose.CONFIRM_EMAIL_CHANGE and user.email_verified_at is None:
        return True
    return (
        other is not None
        and other.spent_at is not None
        and now < other.expires_at
        and other.new_email == proof.new_email
    )
