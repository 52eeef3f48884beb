"""Setting up the second factor that a user must have and has not."""

from dataclasses import dataclass
from datetime import datetime

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import PartialSessionInvalid, SecondFactorNeeded
from limen.core.events import FactorEnrolled
from limen.core.factors.enrolling import begin_totp, confirm_totp, enrolment_of, first_codes
from limen.core.factors.holding import factors_of
from limen.core.factors.making import NewTotp, TotpMaker
from limen.core.factors.model import METHODS, FactorKind
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import post
from limen.core.partial_sessions.taking import find_partial, lock_user, take_partial
from limen.core.secret import Secret, as_secret
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.signin.entering import Entrance
from limen.core.signin.levels import with_second_factor
from limen.core.signin.policy import SignInPolicy
from limen.core.throttles.charging import charge, charge_enrolment, clear
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFactor:
    """What comes of the first second factor: the session, and recovery codes to be shown once."""

    tokens: IssuedTokens
    recovery_codes: tuple[Secret[str], ...]


class RequiredFactorService:
    """Setting up an authenticator app within a partial session, for who must have a factor.

    Whoever has a factor already shows that one: a password alone never brings another.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        maker: TotpMaker,
        entrance: Entrance,
        policy: SignInPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._maker = maker
        self._entrance = entrance
        self._policy = policy

    async def begin(
        self, *, partial_token: Secret[str] | str, actor: Actor | None = None
    ) -> NewTotp:
        """Make the secret of an app, which counts once a code of it has been confirmed.

        Raises `PartialSessionInvalid`, `SecondFactorNeeded` of who has a factor, or
        `TooManyAttempts` when too much was asked for from the actor's address.
        """
        by, now = actor or Actor.anonymous(), self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            partial = await find_partial(uow, partial_token, now)
            await charge_enrolment(uow, by, now)
            user = await lock_user(uow, partial)
            await _refuse_second(uow, user)
            made = await begin_totp(uow, self._maker, user.id, by, now)
            await uow.commit()
        return self._maker.show(made, user.email.address)

    async def confirm(
        self,
        *,
        partial_token: Secret[str] | str,
        code: Secret[str] | str,
        actor: Actor | None = None,
    ) -> FirstFactor:
        """Let the app count, and finish the sign-in by it; all other sessions end.

        Raises `PartialSessionInvalid`, `SecondFactorNeeded`, `EnrolmentOver`, `FactorInvalid` or
        `TooManyAttempts`.
        """
        by, now = actor or Actor.anonymous(), self._ambient.clock.now()
        shown = as_secret(code)
        async with self._unit_of_work() as uow:
            partial = await find_partial(uow, partial_token, now)
            subject = enrolment_of(partial.user_id)
            await charge(
                uow,
                subject,
                by,
                self._policy.throttle,
                now,
                user_id=partial.user_id,
                ids=self._ambient.ids,
            )
            await uow.commit()
        methods = with_second_factor(partial.methods, METHODS[FactorKind.TOTP])
        entry = self._entrance.prepare(
            partial.user_id, methods=methods, label=partial.label, actor=by
        )
        async with self._unit_of_work() as uow:
            user = await take_partial(uow, partial, now)
            await _refuse_second(uow, user)
            await self._entrance.let_in(uow, user, by, now, refusal=PartialSessionInvalid)
            await confirm_totp(uow, self._maker, user.id, shown, now)
            codes = await first_codes(uow, self._ambient.entropy, user.id, entry.by, now)
            await clear(uow, subject, by, now)
            await self._tell(uow, user, entry.by, now)
            begun = await self._entrance.finish(uow, user, entry)
            await uow.commit()
        return FirstFactor(tokens=await self._entrance.issue(begun), recovery_codes=codes)

    async def _tell(self, uow: UnitOfWork, user: User, actor: Actor, now: datetime) -> None:
        await end_everything(uow, user.id, actor, now, EndReason.FACTOR_CHANGED)
        kind = FactorKind.TOTP
        uow.emit(FactorEnrolled(at=now, actor=actor, user_id=user.id, factor=kind))
        await post(uow, self._ambient.ids, MessageKind.TOTP_ENROLLED, user.id, now)


async def _refuse_second(uow: UnitOfWork, user: User) -> None:
    """Raise `SecondFactorNeeded` if a locked user has a second factor already."""
    if await factors_of(uow, user.id) or await uow.passkeys.list(user.id):
        raise SecondFactorNeeded
