"""Setting up second factors and giving them up."""

from dataclasses import dataclass
from datetime import datetime

from limen.core.access import authorise, authorise_over, lock_fresh, require_fresh, require_person
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    FactorMissing,
    FactorNotFound,
    FactorsOff,
)
from limen.core.events import (
    Event,
    FactorEnrolled,
    FactorRemoved,
    FactorsReset,
    RecoveryCodesMade,
)
from limen.core.factors.enrolling import begin_totp, confirm_totp, enrolment_of, first_codes
from limen.core.factors.holding import factors_of, remove_factors, remove_lonely_codes
from limen.core.factors.making import NewTotp, TotpMaker
from limen.core.factors.model import FactorKind, RecoveryCode, ResetRequest, Totp
from limen.core.factors.recovery_codes import make_recovery_codes
from limen.core.factors.resetting import (
    approve_reset,
    ask_for_reset,
    find_reset,
    withdraw_reset,
)
from limen.core.ids import UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import post
from limen.core.roles.model import Permission
from limen.core.secret import Secret, as_secret
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.signin.levels import FactorPolicy, keep_required_factor
from limen.core.throttles.charging import charge, charge_enrolment, clear
from limen.core.throttles.model import ThrottlePolicy
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """The second factors of a user; of recovery codes those that are left.

    `reset` is one that waits for a second administrator.
    """

    totp: Totp | None
    recovery_codes: tuple[RecoveryCode, ...]
    reset: ResetRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorReset:
    """What came of a reset: the factors that were taken, or what waits to be approved."""

    taken: tuple[FactorKind, ...] = ()
    pending: ResetRequest | None = None


class FactorService:
    """One's own second factors, and with a permission another's.

    What changes them needs a session whose user proved lately who they are, and ends all others.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        maker: TotpMaker,
        policy: FactorPolicy,
        throttle: ThrottlePolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._maker = maker
        self._policy = policy
        self._throttle = throttle

    async def get(self, user_id: UserId, *, actor: Actor) -> Factors:
        """Return the second factors of a user; another's need `factors.read`.

        Raises `UserNotFound`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            if not actor.owns(user_id):
                await authorise(view, actor, Permission.FACTORS_READ, now)
                await view.users.get(user_id)
            return Factors(
                totp=await view.totps.find(user_id),
                recovery_codes=await view.recovery_codes.list(user_id),
                reset=await find_reset(view, user_id, now),
            )

    async def begin_totp(self, *, actor: Actor) -> NewTotp:
        """Make a secret for an authenticator app; it counts once a code of it has been confirmed.

        It takes the place of any other that waits; one that counts goes on until then. Raises
        `FactorsOff`, what `require_fresh` does, or `TooManyAttempts` when too much was asked for
        from the actor's address.
        """
        if not self._policy.is_on:
            raise FactorsOff
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user = await lock_fresh(uow, actor, now)
            await charge_enrolment(uow, actor, now)
            made = await begin_totp(uow, self._maker, user.id, actor, now)
            await uow.commit()
        return self._maker.show(made, user.email.address)

    async def confirm_totp(
        self, *, code: Secret[str] | str, actor: Actor
    ) -> tuple[Secret[str], ...]:
        """Let the app count from now on, in place of any other one.

        Returns the recovery codes of a user who has none, to be shown this once. Raises
        `EnrolmentOver`, `FactorInvalid`, `TooManyAttempts` and what `require_fresh` does.
        """
        user_id = require_person(actor)
        shown = as_secret(code)
        subject = enrolment_of(user_id)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await require_fresh(uow, actor, now)
            await charge(
                uow,
                subject,
                actor,
                self._throttle,
                now,
                user_id=user_id,
                ids=self._ambient.ids,
            )
            await uow.commit()
        async with self._unit_of_work() as uow:
            user = await lock_fresh(uow, actor, now)
            await confirm_totp(uow, self._maker, user.id, shown, now)
            codes = await first_codes(uow, self._ambient.entropy, user.id, actor, now)
            await clear(uow, subject, actor, now)
            kind = FactorKind.TOTP
            event = FactorEnrolled(at=now, actor=actor, user_id=user.id, factor=kind)
            await self._finish(uow, user.id, event, MessageKind.TOTP_ENROLLED)
        return codes

    async def remove_totp(self, *, actor: Actor) -> None:
        """Give up the authenticator app; without another factor the recovery codes go, too.

        Raises `FactorNotFound`, `FactorRequired` of the last factor of who must have one, and what
        `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user = await lock_fresh(uow, actor, now)
            if await uow.totps.find(user.id) is None:
                raise FactorNotFound
            await uow.totps.remove(user.id)
            await remove_lonely_codes(uow, user.id)
            await keep_required_factor(uow, self._policy, user.id, now)
            event = FactorRemoved(at=now, actor=actor, user_id=user.id, factor=FactorKind.TOTP)
            await self._finish(uow, user.id, event, MessageKind.TOTP_REMOVED)

    async def make_recovery_codes(self, *, actor: Actor) -> tuple[Secret[str], ...]:
        """Return ten new recovery codes in place of all others, to be shown this once.

        Raises `FactorMissing` where there is nothing that they could stand in for, and what
        `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user = await lock_fresh(uow, actor, now)
            if not await factors_of(uow, user.id):
                raise FactorMissing
            codes = await make_recovery_codes(uow, self._ambient.entropy, user.id, now)
            event = RecoveryCodesMade(at=now, actor=actor, user_id=user.id)
            await self._finish(uow, user.id, event, MessageKind.RECOVERY_CODES_MADE)
        return codes

    async def reset(self, user_id: UserId, *, actor: Actor) -> FactorReset:
        """Take all second factors from a user and end all their sessions; needs `factors.reset`.

        Passkeys go, too: whoever needs this has lost everything. Nothing happens to a user who has
        none. Where resets need approval, people only ask for one: the user is told, and for 24
        hours it waits for another administrator; one that waits already stays as it is. The
        operator's own code and shell, which could do anything, reset at once. Raises `UserNotFound`
        and what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.FACTORS_RESET, user_id, now)
            await uow.users.lock(user_id)
            await require_fresh(uow, actor, now)
            if self._policy.needs_approval and not actor.is_system:
                pending = await ask_for_reset(uow, self._ambient.ids, user_id, actor, now)
                await uow.commit()
                return FactorReset(pending=pending)
            return await self._take(uow, user_id, actor, now)

    async def approve_reset(self, user_id: UserId, *, actor: Actor) -> FactorReset:
        """Do what another administrator asked for; needs `factors.reset`.

        Exactly one approval counts. The operator may approve, too. Raises `UserNotFound`,
        `FactorResetNotFound`, `ApprovalByAnother` of who asked or the user, and what
        `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.FACTORS_RESET, user_id, now)
            await uow.users.lock(user_id)
            await require_fresh(uow, actor, now)
            await approve_reset(uow, user_id, actor, now)
            return await self._take(uow, user_id, actor, now)

    async def withdraw_reset(self, user_id: UserId, *, actor: Actor) -> None:
        """Take back a reset that waits: one's own as its user, or with `factors.reset` anybody's.

        Raises `UserNotFound` or `FactorResetNotFound`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            if not actor.owns(user_id):
                await authorise_over(uow, actor, Permission.FACTORS_RESET, user_id, now)
            await uow.users.lock(user_id)
            await withdraw_reset(uow, user_id, actor, now)
            await uow.commit()

    async def _take(
        self, uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime
    ) -> FactorReset:
        """Take every factor from a locked user, tell of it, and commit."""
        taken = await remove_factors(uow, user_id)
        if actor.owns(user_id):
            await keep_required_factor(uow, self._policy, user_id, now)
        if not taken:
            await uow.commit()
            return FactorReset()
        event = FactorsReset(at=now, actor=actor, user_id=user_id, factors=taken)
        await self._finish(uow, user_id, event, MessageKind.FACTORS_RESET)
        return FactorReset(taken=taken)

    async def _finish(
        self, uow: UnitOfWork, user_id: UserId, event: Event, kind: MessageKind
    ) -> None:
        """End what was opened without the change, tell of it, and commit."""
        kept = event.actor.session_id if event.actor.owns(user_id) else None
        await end_everything(
            uow, user_id, event.actor, event.at, EndReason.FACTOR_CHANGED, keep=kept
        )
        uow.emit(event)
        await post(uow, self._ambient.ids, kind, user_id, event.at)
        await uow.commit()
