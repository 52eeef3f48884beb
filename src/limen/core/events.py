"""The catalogue of announcements: one frozen dataclass per name, in the past tense.

An event is emitted into the outbox in the transaction of the change it tells of. It carries who
did it, to whom, when, and never a secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Final
from uuid import UUID

from limen.core.actor import Actor
from limen.core.ids import ApiKeyId, MessageId, PasskeyId, RememberedId, SessionId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: `at` which instant, done by which `actor`, to which user."""

    name: ClassVar[str] = ""
    ends_sessions: ClassVar[bool] = False

    at: datetime
    actor: Actor
    user_id: UserId | None = None

    def payload(self) -> dict[str, object]:
        """Return the fields that belong to this kind of event alone, as plain JSON values."""
        shared = {"at", "actor", "user_id"}
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name not in shared}


def plain(value: object) -> object:
    """Return `value` as something JSON can hold."""
    if type(value) in _PLAIN:
        return value
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return value


_PLAIN: Final = frozenset({str, int, bool, type(None)})
_WRITERS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...]] = (
    (Enum, lambda value: value.value),
    (UUID, str),
    (datetime, datetime.isoformat),
    (Mapping, lambda value: {str(key): plain(item) for key, item in value.items()}),
    ((tuple, list), lambda value: [plain(item) for item in value]),
    ((set, frozenset), lambda value: sorted(str(plain(item)) for item in value)),
)


# --- users ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered(Event):
    """Somebody made an account for themselves."""

    name: ClassVar[str] = "user.registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Event):
    """An administrator or an import made an account."""

    name: ClassVar[str] = "user.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersImported(Event):
    """A batch of accounts was brought in."""

    name: ClassVar[str] = "user.imported"

    user_ids: tuple[UserId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRepeated(Event):
    """Somebody registered with the address of a user, who is told by mail; nothing changed."""

    name: ClassVar[str] = "user.registration_repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDisplaced(Event):
    """An account was removed: somebody else proved its address, which it never had."""

    name: ClassVar[str] = "user.displaced"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpdated(Event):
    """Some fields of a user changed; `changed` names them."""

    name: ClassVar[str] = "user.updated"

    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSuspended(Event):
    """A user was shut out; all their sessions ended."""

    name: ClassVar[str] = "user.suspended"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReactivated(Event):
    """A pending or suspended user may sign in."""

    name: ClassVar[str] = "user.reactivated"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted(Event):
    """A user is gone, with all their sessions, grants and credentials."""

    name: ClassVar[str] = "user.deleted"
    ends_sessions: ClassVar[bool] = True


# --- addresses -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVerified(Event):
    """A user proved that they read the mail of their address, or an administrator vouched for it.

    `is_vouched` tells which; `actor` is who vouched.
    """

    name: ClassVar[str] = "email.verified"

    is_vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTakenOver(Event):
    """Whoever owns the address of an unproven account has it now.

    What its maker came in by is gone: the password, all sessions and API keys.
    """

    name: ClassVar[str] = "user.taken_over"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeRequested(Event):
    """A user wants another address, which is to be confirmed."""

    name: ClassVar[str] = "email.change_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanged(Event):
    """A user has another address, which they proved; all their other sessions ended."""

    name: ClassVar[str] = "email.changed"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSet(Event):
    """A user was given another address, unproved; all their sessions but the actor's own ended."""

    name: ClassVar[str] = "email.set"
    ends_sessions: ClassVar[bool] = True


# --- passwords -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet(Event):
    """An administrator set a user's password; all the user's sessions ended."""

    name: ClassVar[str] = "password.set"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A user changed their password; all their other sessions ended."""

    name: ClassVar[str] = "password.changed"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordProofFailed(Event):
    """A user, or whoever holds their token, gave a wrong password where theirs was asked for."""

    name: ClassVar[str] = "password.proof_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(Event):
    """Somebody who gave this address or username asked to set a new password."""

    name: ClassVar[str] = "password.reset_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequired(Event):
    """An administrator let nobody in by a user's password any more; all the user's sessions ended.

    `had_password` tells whether there was one.
    """

    name: ClassVar[str] = "password.reset_required"
    ends_sessions: ClassVar[bool] = True

    had_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Event):
    """A user set a new password by a link or code; all their sessions ended."""

    name: ClassVar[str] = "password.reset"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordHashUpgraded(Event):
    """A password that proved right was hashed again by the present scheme and cost."""

    name: ClassVar[str] = "password.hash_upgraded"


# --- second factors ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEnrolmentBegun(Event):
    """A user began to set up a second factor; it does not count yet."""

    name: ClassVar[str] = "factor.enrolment_begun"

    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEnrolled(Event):
    """A user has another second factor; all their other sessions ended."""

    name: ClassVar[str] = "factor.enrolled"
    ends_sessions: ClassVar[bool] = True

    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRemoved(Event):
    """A user gave up a second factor; all their other sessions ended."""

    name: ClassVar[str] = "factor.removed"
    ends_sessions: ClassVar[bool] = True

    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsReset(Event):
    """An administrator removed all second factors of a user, passkeys too; all sessions ended."""

    name: ClassVar[str] = "factor.all_reset"
    ends_sessions: ClassVar[bool] = True

    factors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorResetRequested(Event):
    """An administrator asked to reset a user's factors; until then another one may approve it."""

    name: ClassVar[str] = "factor.reset_requested"

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorResetApproved(Event):
    """Another administrator approved the reset of a user's factors, which was done."""

    name: ClassVar[str] = "factor.reset_approved"

    requested_by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorResetWithdrawn(Event):
    """The reset of a user's factors that waited was taken back, or overtaken by a change."""

    name: ClassVar[str] = "factor.reset_withdrawn"

    requested_by: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRefused(Event):
    """A user, or whoever has proved all but this, gave a code that was not good."""

    name: ClassVar[str] = "factor.refused"

    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesMade(Event):
    """A user has new recovery codes, and no other ones; all their other sessions ended."""

    name: ClassVar[str] = "recovery_code.all_made"
    ends_sessions: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """A recovery code was used up; so many are left."""

    name: ClassVar[str] = "recovery_code.used"

    left: int


# --- sign-in, sessions, tokens -------------------------------------------------------------


class SignInFailure(Enum):
    """The true reason of a refused sign-in, which only the event tells."""

    UNKNOWN_USER = "unknown_user"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a reason
    NO_PASSWORD = "no_password"  # noqa: S105 - the name of a reason
    RESET_REQUIRED = "reset_required"
    PENDING = "pending"
    SUSPENDED = "suspended"
    UNVERIFIED = "unverified"
    CHANGED_MEANWHILE = "changed_meanwhile"
    FORMER_UNAVAILABLE = "former_unavailable"
    NOT_A_PERSON = "not_a_person"
    WRONG_PASSKEY = "wrong_passkey"
    PASSKEY_CLONED = "passkey_cloned"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A user proved who they are; a session began."""

    name: ClassVar[str] = "signin.succeeded"

    session_id: SessionId
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFactorProved(Event):
    """A user proved one factor; the sign-in waits for the second one."""

    name: ClassVar[str] = "signin.first_factor_proved"

    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInStopped(Event):
    """A sign-in that waited for its second factor was given up."""

    name: ClassVar[str] = "signin.stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """A sign-in was refused, for this reason."""

    name: ClassVar[str] = "signin.failed"

    reason: SignInFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLinkRequested(Event):
    """Somebody who gave an address or username asked to sign in by mail."""

    name: ClassVar[str] = "signin.link_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInThrottled(Event):
    """So many attempts were made against an account that the next ones must wait."""

    name: ClassVar[str] = "signin.throttled"

    attempts: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StuffingSuspected(Event):
    """Passwords were wrong for many accounts from one network: likely a list from elsewhere."""

    name: ClassVar[str] = "signin.stuffing_suspected"

    network: str
    accounts: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUnlocked(Event):
    """An administrator had the attempts against a user forgotten."""

    name: ClassVar[str] = "user.unlocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookieSet(Event):
    """A browser was given a cookie for a session that had begun, in place of what carried it."""

    name: ClassVar[str] = "session.cookie_set"

    session_id: SessionId
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSteppedUp(Event):
    """A user proved again who they are, within a session."""

    name: ClassVar[str] = "session.stepped_up"

    session_id: SessionId
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoked(Event):
    """One session was ended: by its user, by somebody else, or for want of a second factor."""

    name: ClassVar[str] = "session.revoked"
    ends_sessions: ClassVar[bool] = True

    session_id: SessionId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsRevoked(Event):
    """Several sessions of a user were ended at once."""

    name: ClassVar[str] = "session.all_revoked"
    ends_sessions: ClassVar[bool] = True

    count: int
    kept: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRotated(Event):
    """A refresh token was exchanged for its successor."""

    name: ClassVar[str] = "token.refreshed"

    session_id: SessionId
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReuseDetected(Event):
    """A refresh token came a second time, after its grace: its session was ended."""

    name: ClassVar[str] = "token.reuse_detected"
    ends_sessions: ClassVar[bool] = True

    session_id: SessionId
    generation: int


# --- passkeys ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyEnrolled(Event):
    """A user has another passkey."""

    name: ClassVar[str] = "passkey.enrolled"

    passkey_id: PasskeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRenamed(Event):
    """A user gave a passkey another name."""

    name: ClassVar[str] = "passkey.renamed"

    passkey_id: PasskeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRemoved(Event):
    """A passkey of a user is good for nothing any more; all their other sessions ended."""

    name: ClassVar[str] = "passkey.removed"
    ends_sessions: ClassVar[bool] = True

    passkey_id: PasskeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyCloned(Event):
    """A passkey was refused: its counter fell back, so that somebody may have copied it."""

    name: ClassVar[str] = "passkey.cloned"

    passkey_id: PasskeyId


# --- keys ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyAdded(Event):
    """A new signing key was made; it signs from the given instant on."""

    name: ClassVar[str] = "key.added"

    key_id: str
    algorithm: str
    signs_from: datetime


# --- API keys and service accounts ---------------------------------------------------------


class ApiKeyFailure(Enum):
    """The true reason why an API key was refused, which only the event tells."""

    UNKNOWN = "unknown"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - the name of a reason
    REVOKED = "revoked"
    EXPIRED = "expired"
    OWNER_REFUSED = "owner_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyCreated(Event):
    """A user has a new API key; `successor_of` names the key that it takes the place of."""

    name: ClassVar[str] = "api_key.created"

    key_id: ApiKeyId
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    successor_of: ApiKeyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRotated(Event):
    """An API key has a successor and holds until `expires_at` at most."""

    name: ClassVar[str] = "api_key.rotated"

    key_id: ApiKeyId
    successor_id: ApiKeyId
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRevoked(Event):
    """An API key was ended, by its owner or an administrator."""

    name: ClassVar[str] = "api_key.revoked"

    key_id: ApiKeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyReported(Event):
    """Somebody who is not its owner had an API key in hand and reported it; it was ended."""

    name: ClassVar[str] = "api_key.reported"

    key_id: ApiKeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRefused(Event):
    """An API key was refused, for this reason."""

    name: ClassVar[str] = "api_key.refused"

    key_id: ApiKeyId
    reason: ApiKeyFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountCreated(Event):
    """There is a new service account."""

    name: ClassVar[str] = "service_account.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountUpdated(Event):
    """Some fields of a service account changed; `changed` names them."""

    name: ClassVar[str] = "service_account.updated"

    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountSuspended(Event):
    """A service account was shut out; its keys hold no more."""

    name: ClassVar[str] = "service_account.suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountReactivated(Event):
    """A suspended service account is let in again; so are its keys."""

    name: ClassVar[str] = "service_account.reactivated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountDeleted(Event):
    """A service account is gone, with its grants and keys."""

    name: ClassVar[str] = "service_account.deleted"


# --- devices -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeviceSeen(Event):
    """A user who had signed in before did so from a device that was not seen before."""

    name: ClassVar[str] = "device.new"

    session_id: SessionId


# --- remembered browsers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRemembered(Event):
    """A browser is remembered after its session is over."""

    name: ClassVar[str] = "remembered.set"

    remembered_id: RememberedId
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionIdentified(Event):
    """A remembered browser began an identified session, in which nothing was proved.

    `replaced` is the session that this ended, if one was open there.
    """

    name: ClassVar[str] = "session.identified"
    ends_sessions: ClassVar[bool] = True

    session_id: SessionId
    remembered_id: RememberedId
    replaced: tuple[SessionId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserForgotten(Event):
    """A browser is not remembered any more: its user or an administrator wanted that."""

    name: ClassVar[str] = "remembered.revoked"

    remembered_id: RememberedId


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedReuseDetected(Event):
    """What a browser was remembered by came a second time: there is a copy of it.

    All browsers of the user are forgotten, and the sessions open in them `ended`.
    """

    name: ClassVar[str] = "remembered.reuse_detected"
    ends_sessions: ClassVar[bool] = True

    remembered_id: RememberedId
    ended: tuple[SessionId, ...]


# --- messages ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequeued(Event):
    """An undeliverable message is to be sent again."""

    name: ClassVar[str] = "message.requeued"

    message_id: MessageId


# --- roles ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCreated(Event):
    """A role was made."""

    name: ClassVar[str] = "role.created"

    role: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleReplaced(Event):
    """A role got another description or other permissions."""

    name: ClassVar[str] = "role.replaced"

    role: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDeleted(Event):
    """A role is gone."""

    name: ClassVar[str] = "role.deleted"

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(Event):
    """A user was given a role, for good or until an end."""

    name: ClassVar[str] = "role.granted"

    role: str
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleWithdrawn(Event):
    """A role was taken from a user."""

    name: ClassVar[str] = "role.withdrawn"

    role: str


def catalogue() -> tuple[type[Event], ...]:
    """Return every kind of event, by name."""
    # Not `__subclasses__`: a dataclass with slots leaves the class it was made from behind.
    kinds = [kind for kind in globals().values() if isinstance(kind, type)]
    events = [kind for kind in kinds if issubclass(kind, Event) and kind is not Event]
    return tuple(sorted(events, key=lambda kind: kind.name))
