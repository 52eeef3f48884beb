"""Proving again who one is, by everything that a sign-in would ask for."""

from dataclasses import dataclass

from limen.core.access import require_any_session
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    CurrentPasswordWrong,
    Fault,
    InvalidInput,
    SecondFactorNeeded,
)
from limen.core.factors.proving import FactorProver
from limen.core.ids import UserId
from limen.core.passwords.proving import PasswordProver
from limen.core.repeating import repeated
from limen.core.secret import Secret
from limen.core.signin.levels import FactorPolicy, awaited_factors, with_second_factor
from limen.core.signin.rising import Rise, Risen, SteppedUp
from limen.core.throttles.charging import clear, subject_of
from limen.ports.unit_of_work import UnitOfWorkFactory

_PASSWORD = ("pwd",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provers:
    """What tells whether somebody's proofs are right."""

    passwords: PasswordProver
    factors: FactorProver


class StepUpService:
    """Making a session fresh, for what could take an account from its owner (RFC 9470)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        provers: Provers,
        rise: Rise,
        policy: FactorPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._provers = provers
        self._rise = rise
        self._policy = policy

    async def step_up(
        self,
        *,
        password: Secret[str] | str,
        code: Secret[str] | str | None = None,
        cookie: Secret[str] | str | None = None,
        actor: Actor,
    ) -> SteppedUp:
        """Prove one's password again, and with a second factor its `code`, too.

        A session that a browser carries needs its `cookie`, and gets another one; any other gets
        another refresh token.

        Raises `NotSignedIn`, `NotByKey`, `SessionEnded`, `CurrentPasswordWrong`, `InvalidInput`
        for a missing code, `FactorInvalid`, `SecondFactorNeeded` of who must have one and has none,
        `TooManyAttempts`, `HashingBusy`, or `ConcurrentUpdate` for a cookie that was renewed
        meanwhile.
        """
        user_id, _ = require_any_session(actor)
        digest = await self._provers.passwords.prove(user_id, password, actor=actor)
        methods = await self._prove_factor(user_id, code, actor)

        async def rise() -> Risen:
            async with self._unit_of_work() as uow:
                now = self._ambient.clock.now()
                subject = await subject_of(uow, user_id, actor, now)
                risen = await self._rise.lift(uow, actor, methods, cookie)
                credential = await uow.passwords.find(user_id)
                if credential is None or not credential.lets_in_by(digest):
                    raise CurrentPasswordWrong
                await clear(uow, subject, actor, now)
                await uow.commit()
            return risen

        # What was shown is used up: a refresh in between is no reason to ask for it once more.
        return await self._rise.issue(await repeated(rise))

    async def _prove_factor(
        self, user_id: UserId, code: Secret[str] | str | None, actor: Actor
    ) -> tuple[str, ...]:
        async with self._unit_of_work.view() as view:
            held = await view.grants.list_held(user_id, self._ambient.clock.now())
            roles = [role.name for role in held]
            awaited = await awaited_factors(view, user_id, roles=roles, policy=self._policy)
        if awaited is None:
            return _PASSWORD
        if not awaited:
            raise SecondFactorNeeded
        if code is None:
            sentence = "is needed too: this account has a second factor; or use a passkey"
            raise InvalidInput(details=(Fault("code", "missing", sentence),))
        method = await self._provers.factors.prove(user_id, code, actor=actor)
        return with_second_factor(_PASSWORD, method)
