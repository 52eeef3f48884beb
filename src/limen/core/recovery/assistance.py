"""What administrators do for users who cannot help themselves."""

from datetime import datetime

from limen.core.access import authorise_over, require_fresh
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.events import EmailVerified, PasswordResetRequired, UserUnlocked
from limen.core.factors.enrolling import enrolment_of
from limen.core.factors.model import FactorKind
from limen.core.ids import UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import post
from limen.core.roles.model import Permission
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.throttles.charging import places_of
from limen.core.throttles.model import account_key, of_factor
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class AssistanceService:
    """Help for a user: another password, a proved address, an end of waiting.

    Each needs a permission of its own, and reaches nobody who may do more than the helper.
    """

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, ambient: Ambient) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient

    async def require_reset(self, user_id: UserId, *, actor: Actor) -> None:
        """Let nobody in by a user's password until there is another; needs `passwords.reset`.

        All sessions, links and codes end, and a link to set a new password is sent to the user.
        Who has none yet is asked to choose the first. Raises `UserNotFound` or `NotAPerson`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.PASSWORDS_RESET, user_id, now)
            (await uow.users.lock(user_id)).require_person()
            credential = await uow.passwords.find(user_id)
            if credential is not None:
                await uow.passwords.save(credential.marked(now))
            await end_everything(uow, user_id, actor, now, EndReason.PASSWORD_CHANGED)
            uow.emit(
                PasswordResetRequired(
                    at=now, actor=actor, user_id=user_id, had_password=credential is not None
                )
            )
            kind = MessageKind.PASSWORD_RESET_REQUIRED
            await post(uow, self._ambient.ids, kind, user_id, now)
            await uow.commit()

    async def verify_email(
        self, user_id: UserId, *, actor: Actor, expected_version: int | None = None
    ) -> User:
        """Vouch that a user's address is theirs; needs `users.verify`.

        The account stays as it is: who vouches answers for its password and factors, too. A proved
        address stays so. Raises `UserNotFound`, `NotAPerson`, `VersionMismatch` (the address may
        have become another since it was looked at) and what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.USERS_VERIFY, user_id, now)
            await require_fresh(uow, actor, now)
            user = await uow.users.lock(user_id)
            user.require_person(version=expected_version)
            if user.email_verified_at is not None:
                return user
            verified = user.verified(now)
            await uow.users.save(verified)
            uow.emit(EmailVerified(at=now, actor=actor, user_id=user_id, is_vouched=True))
            await uow.commit()
        return verified

    async def unlock(self, user_id: UserId, *, actor: Actor) -> None:
        """Forget the attempts against a user and each of their factors; needs `users.unlock`.

        Attempts from networks where they are not signed in stay counted there. Raises
        `UserNotFound`, `NotAPerson`, and what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.USERS_UNLOCK, user_id, now)
            await require_fresh(uow, actor, now)
            (await uow.users.lock(user_id)).require_person()
            await _unlock(uow, user_id, now)
            uow.emit(UserUnlocked(at=now, actor=actor, user_id=user_id))
            await uow.commit()


async def _unlock(uow: UnitOfWork, user_id: UserId, now: datetime) -> None:
    """Forget the attempts against a user, wherever they are known, and at each factor."""
    places = await places_of(uow, user_id, now)
    factors = {of_factor(place, kind) for place in places for kind in FactorKind}
    for subject in sorted(places | factors | {enrolment_of(user_id)}):
        await uow.throttles.clear(account_key(subject))
