"""Setting a new password where the old one is lost."""

from typing import Final

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.devices.book import forget_other_devices
from limen.core.errors import ProofInvalid, UserNotFound
from limen.core.events import PasswordReset, PasswordResetRequested
from limen.core.messages.composing import asked_by
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox, post
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.passwords.storing import store_password
from limen.core.proofs.checking import ProofChecker, present
from limen.core.proofs.model import Proof, Purpose
from limen.core.proofs.spending import spend
from limen.core.secret import Secret
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.throttles.charging import charge_mail, unlock
from limen.core.users.model import User
from limen.core.users.ownership import prove_address
from limen.ports.unit_of_work import UnitOfWorkFactory

_NEW: Final = "new_password"


class RecoveryService:
    """The way back in for whoever reads the mail of an account.

    Asking gives the same answer after the same work whether there is such an account or not.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        postbox: Postbox,
        checker: ProofChecker,
        preparation: PasswordPreparation,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._postbox = postbox
        self._checker = checker
        self._preparation = preparation

    async def forgot(self, *, identifier: str, actor: Actor | None = None) -> None:
        """Have a link and a code sent to whoever has this e-mail address or username.

        Raises `TooManyAttempts` when too much mail was asked for from the actor's address.
        """
        by = actor or Actor.anonymous()
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await charge_mail(uow, by, now)
            kind, values = MessageKind.RESET_PASSWORD, asked_by(by, identifier)
            await self._postbox.post(uow, kind, now, values=values)
            uow.emit(PasswordResetRequested(at=now, actor=by))
            await uow.commit()

    async def reset(
        self,
        *,
        new: Secret[str] | str,
        token: Secret[str] | str | None = None,
        identifier: str | None = None,
        code: Secret[str] | str | None = None,
        actor: Actor | None = None,
    ) -> User:
        """Set a new password by the token of a link, or by an identifier and a code.

        All sessions end, and so do all other links, codes and pending changes; the address counts
        as proved. Raises `InvalidInput`, `ProofInvalid`, `PasswordRefused`, `TooManyAttempts` or
        `HashingBusy`.
        """
        by = actor or Actor.anonymous()
        shown = present(token, identifier, code)
        proof = await self._checker.check(shown, Purpose.RESET_PASSWORD, actor=by)
        words = await self._own_words(proof)
        digest = await self._preparation.prepare(new, words, field=_NEW)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user = await spend(uow, proof, now)
            user = await prove_address(uow, user, by, now, is_maker=False)
            await store_password(uow, user.id, digest, now)
            await unlock(uow, user.id, by)
            await end_everything(uow, user.id, by, now, EndReason.PASSWORD_CHANGED)
            await forget_other_devices(uow, user.id, by, now)
            uow.emit(PasswordReset(at=now, actor=by, user_id=user.id))
            await post(uow, self._ambient.ids, MessageKind.PASSWORD_CHANGED, user.id, now)
            await uow.commit()
        return user

    async def _own_words(self, proof: Proof) -> tuple[str, ...]:
        async with self._unit_of_work.view() as view:
            try:
                return (await view.users.get(proof.user_id)).own_words
            except UserNotFound:
                raise ProofInvalid from None
