"""Setting and changing passwords."""

from datetime import datetime
from typing import Final, cast

from limen.core.access import authorise_over
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    CurrentPasswordWrong,
    HashingBusy,
    NotSignedIn,
    PasswordMismatch,
)
from limen.core.events import PasswordChanged, PasswordChangeRefused, PasswordSet
from limen.core.ids import UserId
from limen.core.passwords.model import PasswordCredential, checkable
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.roles.model import Permission
from limen.core.secret import Secret
from limen.core.sessions.model import EndReason
from limen.core.signin.model import ThrottlePolicy, account_key, of_user
from limen.core.signin.throttling import charge, clear, forgive
from limen.ports.password_hasher import PasswordHasher
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

_NEW: Final = "new_password"


class PasswordService:
    """The passwords of users: an administrator sets one, a user changes their own."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        hasher: PasswordHasher,
        preparation: PasswordPreparation,
        policy: ThrottlePolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._hasher = hasher
        self._preparation = preparation
        self._policy = policy

    async def set(self, user_id: UserId, *, new: Secret[str] | str, actor: Actor) -> None:
        """Give a user a password and end all their sessions; needs `passwords.set`.

        Raises `UserNotFound`, `PasswordRefused` or `HashingBusy`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            await authorise_over(view, actor, Permission.PASSWORDS_SET, user_id, now)
            user = await view.users.get(user_id)
        digest = await self._preparation.prepare(new, user.own_words, field=_NEW)
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.PASSWORDS_SET, user_id, now)
            await uow.users.lock(user_id)
            await _store(uow, user_id, digest, now)
            await uow.throttles.clear(account_key(of_user(user_id)))
            await uow.sessions.end(user_id, now, EndReason.PASSWORD_CHANGED)
            uow.emit(PasswordSet(at=now, actor=actor, user_id=user_id))
            await uow.commit()

    async def change(
        self, *, current: Secret[str] | str, new: Secret[str] | str, actor: Actor
    ) -> None:
        """Change one's own password and end all one's other sessions.

        Raises `NotSignedIn`, `CurrentPasswordWrong`, `PasswordRefused`, `TooManyAttempts` or
        `HashingBusy`.
        """
        if actor.user_id is None:
            raise NotSignedIn
        user_id = actor.user_id
        async with self._unit_of_work.view() as view:
            user = await view.users.get(user_id)
        verified = await self._prove(user_id, current, actor)
        digest = await self._preparation.prepare(new, user.own_words, field=_NEW)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await uow.users.lock(user_id)
            credential = await uow.passwords.find(user_id)
            if credential is None or credential.digest != verified:
                raise CurrentPasswordWrong
            await uow.passwords.save(credential.changed(digest, now))
            await clear(uow, of_user(user_id), actor, now)
            await uow.sessions.end(user_id, now, EndReason.PASSWORD_CHANGED, keep=actor.session_id)
            uow.emit(PasswordChanged(at=now, actor=actor, user_id=user_id))
            await uow.commit()

    async def _prove(
        self, user_id: UserId, current: Secret[str] | str, actor: Actor
    ) -> Secret[str]:
        """Return the digest that `current` matches, after counting the attempt."""
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            credential = await uow.passwords.find(user_id)
            await charge(uow, of_user(user_id), actor, self._policy, now, user_id=user_id)
            await uow.commit()
        plain = checkable(current)
        digest = None if credential is None or plain is None else credential.digest
        try:
            await self._hasher.verify(plain or Secret(""), digest)
        except PasswordMismatch:
            await self._refuse(actor)
        except HashingBusy:
            async with self._unit_of_work() as uow:
                await forgive(uow, of_user(user_id), actor, now)
                await uow.commit()
            raise
        return cast("Secret[str]", digest)

    async def _refuse(self, actor: Actor) -> None:
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            uow.emit(PasswordChangeRefused(at=now, actor=actor, user_id=actor.user_id))
            await uow.commit()
        raise CurrentPasswordWrong


async def _store(uow: UnitOfWork, user_id: UserId, digest: Secret[str], now: datetime) -> None:
    credential = await uow.passwords.find(user_id)
    if credential is None:
        first = PasswordCredential(user_id=user_id, digest=digest, changed_at=now)
        await uow.passwords.add(first)
    else:
        await uow.passwords.save(credential.changed(digest, now))
