"""Proving somebody's password, for more than signing in."""

from typing import NoReturn, cast

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import CurrentPasswordWrong, HashingBusy, PasswordMismatch
from limen.core.events import PasswordProofFailed
from limen.core.ids import UserId
from limen.core.passwords.model import checkable
from limen.core.secret import Secret
from limen.core.throttles.charging import charge, forgive, subject_of
from limen.core.throttles.model import ThrottlePolicy
from limen.ports.password_hasher import PasswordHasher
from limen.ports.unit_of_work import UnitOfWorkFactory


class PasswordProver:
    """Tells whether a password is that of a user; each one tried counts against the account."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        hasher: PasswordHasher,
        policy: ThrottlePolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._hasher = hasher
        self._policy = policy

    async def prove(
        self, user_id: UserId, password: Secret[str] | str, *, actor: Actor
    ) -> Secret[str]:
        """Return the digest that `password` matches, after counting the attempt.

        A password that must be reset is wrong. Raises `CurrentPasswordWrong`, `TooManyAttempts` or
        `HashingBusy`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            credential = await uow.passwords.find(user_id)
            subject = await subject_of(uow, user_id, actor, now)
            await charge(
                uow,
                subject,
                actor,
                self._policy,
                now,
                user_id=user_id,
                ids=self._ambient.ids,
            )
            await uow.commit()
        plain = checkable(password)
        digest = None if credential is None or plain is None else credential.digest
        try:
            await self._hasher.verify(plain or Secret(""), digest)
        except PasswordMismatch:
            await self._refuse(user_id, actor)
        except HashingBusy:
            async with self._unit_of_work() as uow:
                await forgive(uow, subject, actor, now)
                await uow.commit()
            raise
        if credential is not None and credential.must_be_reset:
            await self._refuse(user_id, actor)
        return cast("Secret[str]", digest)

    async def _refuse(self, user_id: UserId, actor: Actor) -> NoReturn:
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            uow.emit(PasswordProofFailed(at=now, actor=actor, user_id=user_id))
            await uow.commit()
        raise CurrentPasswordWrong
