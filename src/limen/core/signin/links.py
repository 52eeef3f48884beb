"""Signing in by a link or a code that was mailed."""

from dataclasses import dataclass

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.encoding import write_base64url
from limen.core.errors import ProofInvalid
from limen.core.events import SignInLinkRequested
from limen.core.messages.composing import BROWSER, asked_by
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.proofs.checking import ProofChecker, present
from limen.core.proofs.model import SECRET_BYTES, Proof, Purpose, digest_of
from limen.core.proofs.spending import spend
from limen.core.secret import Secret, as_secret
from limen.core.signin.entering import Entrance, Entry, PartialSignIn, SignInOutcome
from limen.core.throttles.charging import charge_mail, unlock
from limen.core.users.model import User
from limen.core.users.ownership import prove_address
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

# RFC 8176 section 2: a password that counts once.
_METHODS = ("otp",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailParts:
    """What sends a proof and what tells whose it is."""

    postbox: Postbox
    checker: ProofChecker


class LinkSignInService:
    """The way in by mail, for the browser that asked.

    Asking gives the same answer after the same work whether there is such an account or not.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        mail: MailParts,
        entrance: Entrance,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._mail = mail
        self._entrance = entrance

    async def ask(self, *, identifier: str, actor: Actor | None = None) -> Secret[str]:
        """Have a link and a code sent to whoever has this e-mail address or username.

        What comes back stays in the browser that asked: without it both are of no use. Raises
        `TooManyAttempts` when too much mail was asked for from the actor's address.
        """
        by = actor or Actor.anonymous()
        now = self._ambient.clock.now()
        browser = write_base64url(self._ambient.entropy.bytes(SECRET_BYTES))
        asked = asked_by(by, identifier)
        values = asked | {BROWSER: digest_of(browser.encode()).hex()}
        async with self._unit_of_work() as uow:
            await charge_mail(uow, by, now)
            await self._mail.postbox.post(uow, MessageKind.SIGN_IN, now, values=values)
            uow.emit(SignInLinkRequested(at=now, actor=by))
            await uow.commit()
        return Secret(browser)

    async def complete(
        self,
        *,
        browser: Secret[str] | str,
        token: Secret[str] | str | None = None,
        identifier: str | None = None,
        code: Secret[str] | str | None = None,
        label: str = "",
        actor: Actor | None = None,
    ) -> SignInOutcome:
        """Begin a session by the token of a link, or by an identifier and a code.

        `browser` is what `ask` gave to this browser. An address that was never proved is proved by
        this, and its account belongs to whoever did. Of a user with a second factor the sign-in
        waits for that one: see `SecondStepService`. Raises `InvalidInput`, `ProofInvalid` or
        `TooManyAttempts`.
        """
        by = actor or Actor.anonymous()
        shown = present(token, identifier, code)
        secret = as_secret(browser)
        proof = await self._mail.checker.check(shown, Purpose.SIGN_IN, actor=by, browser=secret)
        entry = self._entrance.prepare(proof.user_id, methods=_METHODS, label=label, actor=by)
        async with self._unit_of_work() as uow:
            admitted = await self._admit(uow, proof, entry, by)
            await unlock(uow, admitted.id, by)
            begun = await self._entrance.begin(uow, admitted, entry)
            await uow.commit()
        return begun if isinstance(begun, PartialSignIn) else await self._entrance.issue(begun)

    async def _admit(self, uow: UnitOfWork, proof: Proof, entry: Entry, actor: Actor) -> User:
        user = await spend(uow, proof, entry.now)
        user = await prove_address(uow, user, entry.by, entry.now, is_maker=False)
        await self._entrance.let_in(uow, user, actor, entry.now, refusal=ProofInvalid)
        return user
