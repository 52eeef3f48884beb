"""Signing in."""

from dataclasses import dataclass
from datetime import datetime

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    FormerSystemUnavailable,
    HashingBusy,
    InvalidCredentials,
    PasswordMismatch,
    UserNotFound,
)
from limen.core.events import PasswordHashUpgraded, SignInFailed, SignInFailure
from limen.core.ids import NOBODY, UserId
from limen.core.passwords.model import PasswordCredential, checkable
from limen.core.secret import Secret
from limen.core.signin.admission import reason_to_refuse
from limen.core.signin.entering import (
    Begun,
    CookieOutcome,
    Entrance,
    Entry,
    PartialSignIn,
    SignInOutcome,
)
from limen.core.signin.policy import SignInPolicy
from limen.core.throttles.charging import charge, clear, forgive, subject_of
from limen.core.throttles.model import of_stranger
from limen.core.throttles.stuffing import Tried, note_failure
from limen.core.users.model import User, read_identifier
from limen.ports.password_hasher import PasswordHasher
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """Who is probably at the door, what attempts count against, the hash to match."""

    subject: str
    tried: Tried
    user: User | None = None
    credential: PasswordCredential | None = None

    @property
    def digest(self) -> Secret[str] | None:
        return self.credential.digest if self.credential else None

    @property
    def user_id(self) -> UserId | None:
        return self.user.id if self.user else None


class SignInService:
    """The way in by password.

    An unknown user, a wrong password and a user who may not come in get the same answer after the
    same work; only the event tells them apart.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        hasher: PasswordHasher,
        entrance: Entrance,
        policy: SignInPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._hasher = hasher
        self._entrance = entrance
        self._policy = policy

    async def sign_in(
        self,
        *,
        identifier: str,
        password: Secret[str] | str,
        actor: Actor | None = None,
        label: str = "",
    ) -> SignInOutcome:
        """Begin a session for the user with this e-mail address or username, and this password.

        Of a user with a second factor the sign-in waits for that one: see `SecondStepService`.
        `label` names the device for people. Raises `InvalidCredentials`, `TooManyAttempts` or
        `HashingBusy`; the last two say how long to wait.
        """
        begun = await self._enter(identifier, password, label, actor, by_cookie=False)
        return begun if isinstance(begun, PartialSignIn) else await self._entrance.issue(begun)

    async def sign_in_by_cookie(
        self,
        *,
        identifier: str,
        password: Secret[str] | str,
        actor: Actor | None = None,
        label: str = "",
        is_remembered: bool = False,
    ) -> CookieOutcome:
        """Do the same for a browser, which carries the session in a cookie.

        With `is_remembered` it is remembered after the session, too: see `RememberedService`. Where
        a second factor is awaited, that is asked for at the second step.
        """
        begun = await self._enter(
            identifier, password, label, actor, by_cookie=True, is_remembered=is_remembered
        )
        return begun if isinstance(begun, PartialSignIn) else self._entrance.hand_over(begun)

    async def _enter(
        self,
        identifier: str,
        password: Secret[str] | str,
        label: str,
        actor: Actor | None,
        *,
        by_cookie: bool,
        is_remembered: bool = False,
    ) -> Begun | PartialSignIn:
        by = actor or Actor.anonymous()
        candidate = await self._charge(identifier, by)
        plain = checkable(password)
        try:
            await self._hasher.verify(plain or Secret(""), candidate.digest if plain else None)
        except PasswordMismatch as mismatch:
            await self._refuse(by, candidate, _reason(candidate, mismatch))
        except HashingBusy:
            await self._forgive(candidate.subject, by)
            raise
        if candidate.user is None or candidate.credential is None or plain is None:
            raise InvalidCredentials
        reason = self._reason_to_refuse(candidate.user, candidate.credential)
        if reason is not None:
            await self._refuse(by, candidate, reason)
        upgrade = await self._upgrade(plain, candidate.credential.digest)
        prepared = self._entrance.prepare(
            candidate.user.id,
            methods=("pwd",),
            label=label,
            actor=by,
            by_cookie=by_cookie,
            is_remembered=is_remembered,
        )
        return await self._begin(candidate, upgrade, by, prepared)

    async def _charge(self, identifier: str, actor: Actor) -> _Candidate:
        read = read_identifier(identifier)
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            user = None if read is None else await uow.users.find(read)
            user_id = NOBODY if user is None else user.id
            credential = await uow.passwords.find(user_id)
            subject = await subject_of(uow, user_id, actor, now)
            if user is None:
                subject = of_stranger(None if read is None else read.key, identifier)
            throttle = self._policy.throttle
            before = await charge(
                uow,
                subject,
                actor,
                throttle,
                now,
                user_id=user.id if user else None,
                ids=self._ambient.ids,
            )
            await uow.commit()
        tried = Tried.at(before, throttle.window, now)
        return _Candidate(subject=subject, tried=tried, user=user, credential=credential)

    def _reason_to_refuse(self, user: User, credential: PasswordCredential) -> SignInFailure | None:
        reason = reason_to_refuse(user, self._policy.users)
        if reason is None and credential.must_be_reset:
            return SignInFailure.RESET_REQUIRED
        return reason

    async def _forgive(self, subject: str, actor: Actor) -> None:
        async with self._unit_of_work() as uow:
            await forgive(uow, subject, actor, self._ambient.clock.now())
            await uow.commit()

    async def _refuse(self, actor: Actor, candidate: _Candidate, reason: SignInFailure) -> None:
        async with self._unit_of_work() as uow:
            self._tell_failure(uow, actor, candidate.user_id, reason)
            if reason is not SignInFailure.FORMER_UNAVAILABLE:
                now = self._ambient.clock.now()
                await note_failure(uow, candidate.tried, actor, self._policy.throttle, now)
            await uow.commit()
        raise InvalidCredentials

    def _tell_failure(
        self, uow: UnitOfWork, actor: Actor, user_id: UserId | None, reason: SignInFailure
    ) -> None:
        now = self._ambient.clock.now()
        uow.emit(SignInFailed(at=now, actor=actor, user_id=user_id, reason=reason))

    async def _upgrade(self, plain: Secret[str], digest: Secret[str]) -> Secret[str] | None:
        if not self._hasher.needs_upgrade(digest):
            return None
        try:
            return await self._hasher.hash(plain)
        except HashingBusy:
            # The next sign-in will do; this one need not fail for it.
            return None

    async def _begin(
        self, candidate: _Candidate, upgrade: Secret[str] | None, actor: Actor, entry: Entry
    ) -> Begun | PartialSignIn:
        user_id = entry.session.user_id
        async with self._unit_of_work() as uow:
            admitted = await self._admit(uow, user_id, candidate, actor)
            await clear(uow, candidate.subject, actor, entry.now)
            if upgrade is not None:
                await _store_upgrade(uow, entry.by, user_id, upgrade, entry.now)
            begun = await self._entrance.begin(uow, admitted, entry)
            await uow.commit()
        return begun

    async def _admit(
        self, uow: UnitOfWork, user_id: UserId, candidate: _Candidate, actor: Actor
    ) -> User:
        """Lock the user and make sure that what was verified still holds."""
        try:
            user = await uow.users.lock(user_id)
        except UserNotFound:
            raise InvalidCredentials from None
        credential = await uow.passwords.find(user_id)
        if credential is None or credential.digest != candidate.digest:
            reason: SignInFailure | None = SignInFailure.CHANGED_MEANWHILE
        else:
            reason = self._reason_to_refuse(user, credential)
        if reason is not None:
            self._tell_failure(uow, actor, user_id, reason)
            await uow.commit()
            raise InvalidCredentials
        return user


async def _store_upgrade(
    uow: UnitOfWork, actor: Actor, user_id: UserId, digest: Secret[str], now: datetime
) -> None:
    credential = await uow.passwords.find(user_id)
    if credential is not None:
        await uow.passwords.save(credential.upgraded(digest))
        uow.emit(PasswordHashUpgraded(at=now, actor=actor, user_id=user_id))


def _reason(candidate: _Candidate, mismatch: PasswordMismatch) -> SignInFailure:
    if isinstance(mismatch, FormerSystemUnavailable):
        return SignInFailure.FORMER_UNAVAILABLE
    if candidate.user is None:
        return SignInFailure.UNKNOWN_USER
    if candidate.digest is None:
        return SignInFailure.NO_PASSWORD
    return SignInFailure.WRONG_PASSWORD
