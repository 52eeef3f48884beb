"""Signing in by a passkey."""

from collections.abc import Mapping
from dataclasses import dataclass

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import PasskeyRefused, UserNotFound
from limen.core.ids import UserId
from limen.core.passkeys.asking import Asked, CeremonyDesk
from limen.core.passkeys.model import CeremonyPurpose, Passkey
from limen.core.passkeys.options import Descriptor
from limen.core.passkeys.proving import PasskeyProver, note_use
from limen.core.secret import Secret, as_secret
from limen.core.signin.entering import Entrance, Entry
from limen.core.throttles.charging import charge_ceremony, unlock
from limen.core.throttles.model import of_stranger
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import User, read_identifier
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyParts:
    """What asks for the proof of a passkey and what tells whether it is right."""

    desk: CeremonyDesk
    prover: PasskeyProver


class PasskeySignInService:
    """The way in by passkey, with a name or without.

    A passkey is something one has and, since the authenticator verifies its user, something one
    knows or is: this is a whole sign-in. With a name the answer is of one form, whether there is
    such a user, with passkeys, or not.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        parts: PasskeyParts,
        entrance: Entrance,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._parts = parts
        self._entrance = entrance

    async def ask(self, *, identifier: str | None = None, actor: Actor | None = None) -> Asked:
        """Ask for a proof by a passkey: of whoever has this address or username, or of anybody.

        There are five minutes for the answer. Raises `TooManyAttempts` when too much was asked for
        from the actor's address.
        """
        by = actor or Actor.anonymous()
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await charge_ceremony(uow, by, now)
            user_id, allowed = None, tuple[Descriptor, ...]()
            if identifier is not None:
                user_id, allowed = await self._allowed(uow, identifier)
            asked = await self._parts.desk.ask_to_prove(
                uow, CeremonyPurpose.SIGN_IN, now, user_id=user_id, allowed=allowed
            )
            await uow.commit()
        return asked

    async def complete(
        self,
        *,
        ceremony: Secret[str] | str,
        answer: Mapping[str, object],
        label: str = "",
        actor: Actor | None = None,
    ) -> IssuedTokens:
        """Begin a session by the answer of a passkey.

        `label` names the device for people. Raises `InvalidInput`, `CeremonyOver` or
        `PasskeyRefused`.
        """
        by = actor or Actor.anonymous()
        token = as_secret(ceremony)
        used = await self._parts.prover.prove(token, answer, CeremonyPurpose.SIGN_IN, actor=by)
        entry = self._entrance.prepare(used.user_id, methods=used.methods, label=label, actor=by)
        async with self._unit_of_work() as uow:
            admitted = await self._admit(uow, used, entry, by)
            await unlock(uow, admitted.id, by)
            begun = await self._entrance.finish(uow, admitted, entry)
            await uow.commit()
        return await self._entrance.issue(begun)

    async def _allowed(
        self, uow: UnitOfWork, identifier: str
    ) -> tuple[UserId, tuple[Descriptor, ...]]:
        """Return who may answer, and by what; for a name that nobody has it is nobody."""
        read = read_identifier(identifier)
        user = None if read is None else await uow.users.find(read)
        user_id = UserId(self._ambient.ids.new()) if user is None else user.id
        # By the name alone: an account that comes to it later changes nothing of what is made up.
        subject = of_stranger(None if read is None else read.key, identifier)
        return user_id, self._parts.desk.allow(await uow.passkeys.list(user_id), subject)

    async def _admit(self, uow: UnitOfWork, used: Passkey, entry: Entry, actor: Actor) -> User:
        """Lock the user, and make sure that what was verified still holds."""
        try:
            user = await uow.users.lock(used.user_id)
        except UserNotFound:
            raise PasskeyRefused from None
        await note_use(uow, used, actor, entry.now)
        await self._entrance.let_in(uow, user, actor, entry.now, refusal=PasskeyRefused)
        return user
