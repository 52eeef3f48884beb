"""The second step of a sign-in that waits for a second factor."""

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import PartialSessionInvalid
from limen.core.events import SignInStopped
from limen.core.factors.proving import FactorProver
from limen.core.partial_sessions.model import PartialSession
from limen.core.partial_sessions.taking import find_partial, take_partial
from limen.core.secret import Secret
from limen.core.signin.entering import Begun, Entrance, Entry
from limen.core.signin.levels import with_second_factor
from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class SecondStepService:
    """Finishing a partial session, or stopping it: nothing else can be done with one."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        prover: FactorProver,
        entrance: Entrance,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._prover = prover
        self._entrance = entrance

    async def finish(
        self,
        *,
        partial_token: Secret[str] | str,
        code: Secret[str] | str,
        actor: Actor | None = None,
    ) -> IssuedTokens:
        """Begin the session by a code of the user's authenticator app, or a recovery code.

        Raises `PartialSessionInvalid`, `FactorInvalid` or `TooManyAttempts`; after a wrong code
        the partial session goes on.
        """
        begun = await self._finish(partial_token, code, actor, by_cookie=False, is_remembered=False)
        return await self._entrance.issue(begun)

    async def finish_by_cookie(
        self,
        *,
        partial_token: Secret[str] | str,
        code: Secret[str] | str,
        is_remembered: bool = False,
        actor: Actor | None = None,
    ) -> CookieSession:
        """Do the same for a browser, which carries the session in a cookie.

        With `is_remembered` it is remembered after the session, too.
        """
        begun = await self._finish(
            partial_token, code, actor, by_cookie=True, is_remembered=is_remembered
        )
        return self._entrance.hand_over(begun)

    async def _finish(
        self,
        partial_token: Secret[str] | str,
        code: Secret[str] | str,
        actor: Actor | None,
        *,
        by_cookie: bool,
        is_remembered: bool,
    ) -> Begun:
        by = actor or Actor.anonymous()
        async with self._unit_of_work.view() as view:
            partial = await find_partial(view, partial_token, self._ambient.clock.now())
        method = await self._prover.prove(partial.user_id, code, actor=by, partial_id=partial.id)
        entry = self._entrance.prepare(
            partial.user_id,
            methods=with_second_factor(partial.methods, method),
            label=partial.label,
            actor=by,
            by_cookie=by_cookie,
            is_remembered=is_remembered,
        )
        async with self._unit_of_work() as uow:
            begun = await self._begin(uow, partial, entry, by)
            await uow.commit()
        return begun

    async def stop(self, *, partial_token: Secret[str] | str, actor: Actor | None = None) -> None:
        """Give the sign-in up. Raises `PartialSessionInvalid`."""
        by = actor or Actor.anonymous()
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            partial = await find_partial(uow, partial_token, now)
            await take_partial(uow, partial, now)
            uow.emit(SignInStopped(at=now, actor=by, user_id=partial.user_id))
            await uow.commit()

    async def _begin(
        self, uow: UnitOfWork, partial: PartialSession, entry: Entry, actor: Actor
    ) -> Begun:
        user = await take_partial(uow, partial, entry.now)
        await self._entrance.let_in(uow, user, actor, entry.now, refusal=PartialSessionInvalid)
        return await self._entrance.finish(uow, user, entry)
