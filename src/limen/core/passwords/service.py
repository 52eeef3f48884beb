"""Setting and changing passwords."""

from typing import Final

from limen.core.access import authorise_over, require_fresh, require_person
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.devices.book import forget_other_devices
from limen.core.errors import CurrentPasswordWrong
from limen.core.events import PasswordChanged, PasswordSet
from limen.core.ids import UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import post
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.passwords.proving import PasswordProver
from limen.core.passwords.storing import store_password
from limen.core.roles.model import Permission
from limen.core.secret import Secret
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.throttles.charging import clear, forget_attempts, subject_of
from limen.ports.unit_of_work import UnitOfWorkFactory

_NEW: Final = "new_password"


class PasswordService:
    """The passwords of users: an administrator sets one, a user changes their own."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        prover: PasswordProver,
        preparation: PasswordPreparation,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._prover = prover
        self._preparation = preparation

    async def set(self, user_id: UserId, *, new: Secret[str] | str, actor: Actor) -> None:
        """Give a user a password and end all their sessions; needs `passwords.set`.

        Raises `UserNotFound`, `NotAPerson`, `PasswordRefused`, `HashingBusy` and what
        `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            await authorise_over(view, actor, Permission.PASSWORDS_SET, user_id, now)
            await require_fresh(view, actor, now)
            user = await view.users.get(user_id)
        user.require_person()
        digest = await self._preparation.prepare(new, user.own_words, field=_NEW)
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.PASSWORDS_SET, user_id, now)
            await uow.users.lock(user_id)
            await require_fresh(uow, actor, now)
            await store_password(uow, user_id, digest, now)
            await forget_attempts(uow, user_id, now)
            await end_everything(uow, user_id, actor, now, EndReason.PASSWORD_CHANGED)
            await uow.devices.remove(user_id)
            uow.emit(PasswordSet(at=now, actor=actor, user_id=user_id))
            await post(uow, self._ambient.ids, MessageKind.PASSWORD_CHANGED, user_id, now)
            await uow.commit()

    async def change(
        self, *, current: Secret[str] | str, new: Secret[str] | str, actor: Actor
    ) -> None:
        """Change one's own password and end all one's other sessions.

        Raises `NotSignedIn`, `NotByKey`, `StepUpNeeded`, `SessionEnded`, `CurrentPasswordWrong`,
        `PasswordRefused`, `TooManyAttempts` or `HashingBusy`.
        """
        user_id = require_person(actor)
        async with self._unit_of_work.view() as view:
            await require_fresh(view, actor, self._ambient.clock.now())
            user = await view.users.get(user_id)
        verified = await self._prover.prove(user_id, current, actor=actor)
        digest = await self._preparation.prepare(new, user.own_words, field=_NEW)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await uow.users.lock(user_id)
            await require_fresh(uow, actor, now)
            credential = await uow.passwords.find(user_id)
            if credential is None or not credential.lets_in_by(verified):
                raise CurrentPasswordWrong
            await uow.passwords.save(credential.changed(digest, now))
            await clear(uow, await subject_of(uow, user_id, actor, now), actor, now)
            await end_everything(
                uow, user_id, actor, now, EndReason.PASSWORD_CHANGED, keep=actor.session_id
            )
            await forget_other_devices(uow, user_id, actor, now)
            uow.emit(PasswordChanged(at=now, actor=actor, user_id=user_id))
            await post(uow, self._ambient.ids, MessageKind.PASSWORD_CHANGED, user_id, now)
            await uow.commit()
