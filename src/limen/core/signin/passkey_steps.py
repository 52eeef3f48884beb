"""Finishing a sign-in by a passkey, and proving oneself again by one."""

from collections.abc import Mapping

from limen.core.access import require_any_session
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import PartialSessionInvalid, SessionEnded, UserNotFound
from limen.core.ids import SessionId, UserId
from limen.core.partial_sessions.model import PartialSession
from limen.core.partial_sessions.taking import find_partial, lock_user, take_partial
from limen.core.passkeys.asking import Asked
from limen.core.passkeys.model import CeremonyPurpose, Passkey
from limen.core.passkeys.proving import note_use
from limen.core.repeating import repeated
from limen.core.secret import Secret, as_secret
from limen.core.signin.entering import Begun, Entrance, Entry
from limen.core.signin.passkeys import PasskeyParts
from limen.core.signin.rising import Rise, Risen, SteppedUp
from limen.core.throttles.charging import charge_ceremony
from limen.core.throttles.model import of_user
from limen.core.tokens.issuing import IssuedTokens
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class PasskeyStepService:
    """What a passkey is good for beside signing in: the second step, and a fresh session."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        parts: PasskeyParts,
        entrance: Entrance,
        rise: Rise,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._parts = parts
        self._entrance = entrance
        self._rise = rise

    async def ask_to_finish(
        self, *, partial_token: Secret[str] | str, actor: Actor | None = None
    ) -> Asked:
        """Ask for a passkey of whoever waits in a partial session.

        Raises `PartialSessionInvalid` or `TooManyAttempts`.
        """
        by = actor or Actor.anonymous()
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            partial = await find_partial(uow, partial_token, now)
            asked = await self._ask(
                uow, CeremonyPurpose.SECOND_FACTOR, partial.user_id, _as_session(partial), by
            )
            await uow.commit()
        return asked

    async def finish(
        self,
        *,
        partial_token: Secret[str] | str,
        ceremony: Secret[str] | str,
        answer: Mapping[str, object],
        actor: Actor | None = None,
    ) -> IssuedTokens:
        """Begin the session of a partial session by the answer of a passkey.

        Raises `PartialSessionInvalid`, `InvalidInput`, `CeremonyOver` or `PasskeyRefused`; after
        these the partial session goes on.
        """
        by = actor or Actor.anonymous()
        async with self._unit_of_work.view() as view:
            partial = await find_partial(view, partial_token, self._ambient.clock.now())
        used = await self._parts.prover.prove(
            as_secret(ceremony),
            answer,
            CeremonyPurpose.SECOND_FACTOR,
            actor=by,
            session_id=_as_session(partial),
        )
        methods = tuple(dict.fromkeys((*partial.methods, *used.methods)))
        entry = self._entrance.prepare(
            partial.user_id, methods=methods, label=partial.label, actor=by
        )
        async with self._unit_of_work() as uow:
            begun = await self._begin(uow, partial, used, entry, by)
            await uow.commit()
        return await self._entrance.issue(begun)

    async def ask_to_step_up(self, *, actor: Actor) -> Asked:
        """Ask for a passkey of the actor's own.

        Raises `NotSignedIn`, `NotByKey` or `TooManyAttempts`.
        """
        user_id, session_id = require_any_session(actor)
        async with self._unit_of_work() as uow:
            asked = await self._ask(uow, CeremonyPurpose.STEP_UP, user_id, session_id, actor)
            await uow.commit()
        return asked

    async def step_up(
        self,
        *,
        ceremony: Secret[str] | str,
        answer: Mapping[str, object],
        cookie: Secret[str] | str | None = None,
        actor: Actor,
    ) -> SteppedUp:
        """Make the actor's session fresh by the answer of a passkey of theirs.

        A session that a browser carries needs its `cookie`, and gets another one; any other gets
        another refresh token. Raises `NotSignedIn`, `NotByKey`, `SessionEnded`, `InvalidInput`,
        `CeremonyOver`, `PasskeyRefused`, or `ConcurrentUpdate` for a cookie that was renewed
        meanwhile.
        """
        user_id, session_id = require_any_session(actor)
        used = await self._parts.prover.prove(
            as_secret(ceremony),
            answer,
            CeremonyPurpose.STEP_UP,
            actor=actor,
            session_id=session_id,
        )

        async def rise() -> Risen:
            async with self._unit_of_work() as uow:
                try:
                    await uow.users.lock(user_id)
                except UserNotFound:
                    raise SessionEnded from None
                # First, because of a copy it commits that alone.
                await note_use(uow, used, actor, self._ambient.clock.now())
                risen = await self._rise.lift(uow, actor, used.methods, cookie)
                await uow.commit()
            return risen

        return await self._rise.issue(await repeated(rise))

    async def _ask(
        self,
        uow: UnitOfWork,
        purpose: CeremonyPurpose,
        user_id: UserId,
        session_id: SessionId,
        actor: Actor,
    ) -> Asked:
        now = self._ambient.clock.now()
        await charge_ceremony(uow, actor, now)
        allowed = self._parts.desk.allow(await uow.passkeys.list(user_id), of_user(user_id))
        return await self._parts.desk.ask_to_prove(
            uow, purpose, now, user_id=user_id, session_id=session_id, allowed=allowed
        )

    async def _begin(
        self, uow: UnitOfWork, partial: PartialSession, used: Passkey, entry: Entry, actor: Actor
    ) -> Begun:
        await lock_user(uow, partial)
        # First, because of a copy it commits that alone.
        await note_use(uow, used, actor, entry.now)
        user = await take_partial(uow, partial, entry.now)
        await self._entrance.let_in(uow, user, actor, entry.now, refusal=PartialSessionInvalid)
        return await self._entrance.finish(uow, user, entry)


def _as_session(partial: PartialSession) -> SessionId:
    """Return the id of a partial session as that of the session that may answer."""
    return SessionId(partial.id)
