"""Proving a second factor: by a code of an app, or by a recovery code."""

from datetime import datetime
from typing import Final

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import FactorInvalid, PartialSessionInvalid
from limen.core.events import FactorRefused, RecoveryCodeUsed
from limen.core.factors.making import TotpMaker
from limen.core.factors.model import METHODS, FactorKind
from limen.core.factors.recovery_codes import digest_of, read_recovery_code
from limen.core.factors.totp import read_totp_code
from limen.core.ids import PartialSessionId, UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.partial_sessions.model import MOST_TRIES
from limen.core.secret import Secret, as_secret
from limen.core.throttles.charging import charge, clear, subject_of
from limen.core.throttles.model import ThrottlePolicy, of_factor
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

LEFT: Final = "left"


class FactorProver:
    """Tells whether a code is that of a user, and uses it up.

    Each kind of factor counts the attempts against it by itself, before it looks at the code: who
    guesses one has no more tries for a new sign-in, nor its owner fewer where they are known.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        maker: TotpMaker,
        postbox: Postbox,
        policy: ThrottlePolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._maker = maker
        self._postbox = postbox
        self._policy = policy

    async def prove(
        self,
        user_id: UserId,
        code: Secret[str] | str,
        *,
        actor: Actor,
        partial_id: PartialSessionId | None = None,
    ) -> str:
        """Return the method (`amr`) by which `code` proves its user: `otp`, or `rc`.

        In a partial session a few codes can be shown, and then no more. Raises `FactorInvalid`,
        `TooManyAttempts`, or `PartialSessionInvalid` when that one has had its codes.
        """
        kind, read = _read(as_secret(code))
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            if partial_id is not None:
                await _charge_partial(uow, partial_id)
            subject = of_factor(await subject_of(uow, user_id, actor, now), kind)
            await charge(
                uow, subject, actor, self._policy, now, user_id=user_id, ids=self._ambient.ids
            )
            await uow.commit()
        use = self._use_totp if kind is FactorKind.TOTP else self._use_recovery_code
        try:
            async with self._unit_of_work() as uow:
                await use(uow, user_id, read, actor)
                await clear(uow, subject, actor, now)
                await uow.commit()
        except FactorInvalid:
            async with self._unit_of_work() as uow:
                uow.emit(FactorRefused(at=now, actor=actor, user_id=user_id, factor=kind))
                await uow.commit()
            raise
        return METHODS[kind]

    async def _use_totp(
        self, uow: UnitOfWork, user_id: UserId, code: Secret[str], _actor: Actor
    ) -> None:
        totp = await uow.totps.find(user_id)
        if totp is None:
            raise FactorInvalid
        step = self._maker.step_of(totp, code, self._ambient.clock.now())
        await uow.totps.use(totp.id, step)
        sealed = self._maker.sealed_anew(totp)
        if sealed is not None:
            await uow.totps.reseal(totp.id, sealed)

    async def _use_recovery_code(
        self, uow: UnitOfWork, user_id: UserId, letters: Secret[str], actor: Actor
    ) -> None:
        now: datetime = self._ambient.clock.now()
        await uow.recovery_codes.consume(user_id, digest_of(user_id, letters))
        left = len(await uow.recovery_codes.list(user_id))
        uow.emit(RecoveryCodeUsed(at=now, actor=actor, user_id=user_id, left=left))
        kind, values = MessageKind.RECOVERY_CODE_USED, {LEFT: str(left)}
        await self._postbox.post(uow, kind, now, user_id=user_id, values=values)


async def _charge_partial(uow: UnitOfWork, partial_id: PartialSessionId) -> None:
    if not await uow.partial_sessions.charge(partial_id, MOST_TRIES):
        raise PartialSessionInvalid


def _read(code: Secret[str]) -> tuple[FactorKind, Secret[str]]:
    """Tell by its form what a code is; raise `FactorInvalid` if it can be none."""
    for kind, read in (
        (FactorKind.TOTP, read_totp_code(code)),
        (FactorKind.RECOVERY_CODE, read_recovery_code(code)),
    ):
        if read is not None:
            return kind, read
    raise FactorInvalid
