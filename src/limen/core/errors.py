"""The catalogue of refusals: one class per code, its docstring the sentence people read."""

from dataclasses import dataclass
from enum import StrEnum
from inspect import cleandoc
from typing import ClassVar


class Kind(StrEnum):
    """What sort of refusal it is; doors switch on this alone."""

    INVALID = "invalid"
    UNPROCESSABLE = "unprocessable"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one input field: where, a stable code, and a sentence."""

    field: str
    code: str
    message: str


class LimenError(Exception):
    """Something went wrong inside limen."""

    code: ClassVar[str] = "limen.error"
    kind: ClassVar[Kind] = Kind.BROKEN
    sentence: ClassVar[str] = "Something went wrong."

    def __init_subclass__(cls) -> None:
        """Take the class docstring as the sentence shown to people."""
        super().__init_subclass__()
        cls.sentence = " ".join(cleandoc(cls.__doc__ or cls.code).split())

    def __init__(
        self,
        message: str | None = None,
        *,
        details: tuple[Fault, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        """Refuse with the class's sentence, or a more precise `message`.

        `details` names every field at fault; `retry_after` is in seconds.
        """
        super().__init__(message or self.sentence)
        self.message = message or self.sentence
        self.details = details
        self.retry_after = retry_after


# --- input ---------------------------------------------------------------------------------


class InvalidInput(LimenError):
    """Some fields are not valid."""

    code = "input.invalid"
    kind = Kind.INVALID


class InvalidQuery(LimenError):
    """The list query is not valid."""

    code = "query.invalid"
    kind = Kind.INVALID


class InvalidCursor(LimenError):
    """The cursor is not valid for this list. Start again without a cursor."""

    code = "query.cursor_invalid"
    kind = Kind.INVALID


class PageTooDeep(LimenError):
    """Pages reach at most 10000 rows deep. Use the cursor to go further."""

    code = "query.page_too_deep"
    kind = Kind.UNPROCESSABLE


# --- users ---------------------------------------------------------------------------------


class UserNotFound(LimenError):
    """There is no such user."""

    code = "user.not_found"
    kind = Kind.NOT_FOUND


class EmailTaken(LimenError):
    """A user with this e-mail address already exists."""

    code = "user.email_taken"
    kind = Kind.CONFLICT


class UsernameTaken(LimenError):
    """A user with this username already exists."""

    code = "user.username_taken"
    kind = Kind.CONFLICT


class RegistrationClosed(LimenError):
    """Registration is closed. Ask an administrator for an account."""

    code = "user.registration_closed"
    kind = Kind.FORBIDDEN


# --- passwords -----------------------------------------------------------------------------


class PasswordRefused(LimenError):
    """The password is not acceptable."""

    code = "password.refused"
    kind = Kind.UNPROCESSABLE


class CurrentPasswordWrong(LimenError):
    """The current password is not right."""

    code = "password.current_wrong"
    kind = Kind.UNPROCESSABLE


class PasswordMismatch(LimenError):
    """The password does not match."""

    code = "password.mismatch"
    kind = Kind.UNAUTHENTICATED


class FormerSystemUnavailable(PasswordMismatch):
    """The system that still has the password did not say whether it is right."""

    code = "password.former_unavailable"


class PasswordHashUnknown(LimenError):
    """The password hash is of no kind that limen verifies, or costs too much to verify."""

    code = "password.hash_unknown"
    kind = Kind.UNPROCESSABLE


class HashingBusy(LimenError):
    """Too many sign-ins are waiting right now. Try again in a moment."""

    code = "password.hashing_busy"
    kind = Kind.THROTTLED


# --- sign-in, sessions, tokens -------------------------------------------------------------


class InvalidCredentials(LimenError):
    """The e-mail address, username or password is not right."""

    code = "signin.invalid_credentials"
    kind = Kind.UNAUTHENTICATED


class TooManyAttempts(LimenError):
    """There were too many attempts. Wait before you try again."""

    code = "signin.too_many_attempts"
    kind = Kind.THROTTLED


class NotSignedIn(LimenError):
    """Sign in first."""

    code = "access.not_signed_in"
    kind = Kind.UNAUTHENTICATED


class TokenInvalid(LimenError):
    """The access token is not valid. Sign in or refresh to get another."""

    code = "token.invalid"
    kind = Kind.UNAUTHENTICATED


class TokenExpired(LimenError):
    """The access token has expired. Refresh to get another."""

    code = "token.expired"
    kind = Kind.UNAUTHENTICATED


class RefreshTokenInvalid(LimenError):
    """The refresh token is not valid. Sign in again."""

    code = "token.refresh_invalid"
    kind = Kind.UNAUTHENTICATED


class RefreshTokenReused(LimenError):
    """The refresh token was used before, so its session has ended. Sign in again."""

    code = "token.refresh_reused"
    kind = Kind.UNAUTHENTICATED


class SessionEnded(LimenError):
    """The session has ended. Sign in again."""

    code = "session.ended"
    kind = Kind.UNAUTHENTICATED


class PartialSessionInvalid(LimenError):
    """The sign-in was finished or stopped, or took too long. Begin again."""

    code = "session.partial_invalid"
    kind = Kind.UNAUTHENTICATED


class SecondFactorNeeded(LimenError):
    """The sign-in waits for its second factor. Finish it to get an access token."""

    code = "session.second_factor_needed"
    kind = Kind.FORBIDDEN


class RememberedInvalid(LimenError):
    """This browser is not remembered, or not any more. Sign in."""

    code = "session.remembered_invalid"
    kind = Kind.UNAUTHENTICATED


class RememberedReused(LimenError):
    """What remembered this browser was used before, so none is remembered now. Sign in."""

    code = "session.remembered_reused"
    kind = Kind.UNAUTHENTICATED


class RememberedNotFound(LimenError):
    """There is no such remembered browser."""

    code = "session.remembered_not_found"
    kind = Kind.NOT_FOUND


class SessionNotFound(LimenError):
    """There is no such session."""

    code = "session.not_found"
    kind = Kind.NOT_FOUND


# --- keys ----------------------------------------------------------------------------------


class KeyNotFound(LimenError):
    """There is no such signing key."""

    code = "key.not_found"
    kind = Kind.NOT_FOUND


class KeyTaken(LimenError):
    """A signing key with this id already exists."""

    code = "key.taken"
    kind = Kind.CONFLICT


class NoSigningKey(LimenError):
    """There is no key to sign with. Run `limen keys rotate`."""

    code = "key.none_signing"
    kind = Kind.UNAVAILABLE


class SealBroken(LimenError):
    """The secret key is not the one that stored secrets are sealed with.

    Give the right one as LIMEN_SECRET_KEY_OLD. If it is lost: `limen keys rotate --secret-lost`.
    """

    code = "key.seal_broken"
    kind = Kind.BROKEN


# --- roles and access ----------------------------------------------------------------------


class PermissionMissing(LimenError):
    """You may not do this."""

    code = "access.permission_missing"
    kind = Kind.FORBIDDEN


class BeyondOwnPermissions(LimenError):
    """You may not give or take permissions that you do not have yourself."""

    code = "access.beyond_own_permissions"
    kind = Kind.FORBIDDEN


class CsrfRefused(LimenError):
    """A cookie session writes only from a page of this site that shows the CSRF token."""

    code = "access.csrf"
    kind = Kind.FORBIDDEN


class StepUpNeeded(LimenError):
    """This needs a fresh sign-in: prove again who you are, then repeat it."""

    code = "access.step_up_needed"
    kind = Kind.FORBIDDEN


class NotByKey(LimenError):
    """An API key may not do this. Sign in."""

    code = "access.not_by_key"
    kind = Kind.FORBIDDEN


class RoleNotFound(LimenError):
    """There is no such role."""

    code = "role.not_found"
    kind = Kind.NOT_FOUND


class RoleTaken(LimenError):
    """A role with this name already exists."""

    code = "role.name_taken"
    kind = Kind.CONFLICT


class RoleInUse(LimenError):
    """The role is granted to users. Take it from them first."""

    code = "role.in_use"
    kind = Kind.UNPROCESSABLE


class RoleBuiltIn(LimenError):
    """A built-in role cannot be changed or deleted."""

    code = "role.built_in"
    kind = Kind.UNPROCESSABLE


class GrantNotFound(LimenError):
    """The user does not have this role."""

    code = "role.grant_not_found"
    kind = Kind.NOT_FOUND


class LastAdministrator(LimenError):
    """This is the last administrator. Make somebody else administrator first."""

    code = "role.last_administrator"
    kind = Kind.UNPROCESSABLE


# --- API keys and service accounts ---------------------------------------------------------


class ApiKeyInvalid(LimenError):
    """The API key is not valid."""

    code = "api_key.invalid"
    kind = Kind.UNAUTHENTICATED


class ApiKeyNotFound(LimenError):
    """There is no such API key."""

    code = "api_key.not_found"
    kind = Kind.NOT_FOUND


class ApiKeyOver(LimenError):
    """The API key holds no more, or has a successor already."""

    code = "api_key.over"
    kind = Kind.UNPROCESSABLE


class TooManyApiKeys(LimenError):
    """There are too many API keys already. Revoke those that nobody uses."""

    code = "api_key.too_many"
    kind = Kind.UNPROCESSABLE


class ServiceAccountNotFound(LimenError):
    """There is no such service account."""

    code = "service_account.not_found"
    kind = Kind.NOT_FOUND


class NotAPerson(LimenError):
    """This is a service account: it has no password and no address, and is managed as such."""

    code = "user.not_a_person"
    kind = Kind.UNPROCESSABLE


# --- links and codes -----------------------------------------------------------------------


class ProofInvalid(LimenError):
    """The link or code is not valid, was used before, or is too old. Ask for a new one."""

    code = "proof.invalid"
    kind = Kind.UNPROCESSABLE


# --- passkeys ------------------------------------------------------------------------------


class PasskeyRefused(LimenError):
    """The passkey did not prove what it should, or is not known here."""

    code = "passkey.refused"
    kind = Kind.UNPROCESSABLE


class CeremonyOver(LimenError):
    """This was answered before, or took too long. Begin again with new options."""

    code = "passkey.ceremony_over"
    kind = Kind.UNPROCESSABLE


class PasskeyNotFound(LimenError):
    """There is no such passkey."""

    code = "passkey.not_found"
    kind = Kind.NOT_FOUND


class PasskeyTaken(LimenError):
    """This passkey is enrolled already."""

    code = "passkey.taken"
    kind = Kind.CONFLICT


class TooManyPasskeys(LimenError):
    """There are as many passkeys as one user can have. Remove one first."""

    code = "passkey.too_many"
    kind = Kind.UNPROCESSABLE


# --- second factors ------------------------------------------------------------------------


class FactorInvalid(LimenError):
    """The code is not right, or was used before. Wait for the next one, or try another."""

    code = "factor.invalid"
    kind = Kind.UNPROCESSABLE


class FactorNotFound(LimenError):
    """There is no such second factor."""

    code = "factor.not_found"
    kind = Kind.NOT_FOUND


class EnrolmentOver(LimenError):
    """No authenticator app waits for its first code, or it waited too long. Begin again."""

    code = "factor.enrolment_over"
    kind = Kind.UNPROCESSABLE


class FactorsOff(LimenError):
    """Second factors are switched off here."""

    code = "factor.switched_off"
    kind = Kind.FORBIDDEN


class FactorRequired(LimenError):
    """You must have a second factor. Set up another one before you give up the last."""

    code = "factor.required"
    kind = Kind.CONFLICT


class FactorResetNotFound(LimenError):
    """No reset of second factors waits to be approved."""

    code = "factor.reset_not_found"
    kind = Kind.NOT_FOUND


class ApprovalByAnother(LimenError):
    """Another administrator has to approve it: neither who asked for it, nor the user."""

    code = "factor.approval_by_another"
    kind = Kind.FORBIDDEN


class ApprovalNeeded(LimenError):
    """It is the last second factor: ask for a reset, which another administrator approves."""

    code = "factor.approval_needed"
    kind = Kind.CONFLICT


class FactorMissing(LimenError):
    """Recovery codes only stand in for another factor. Set one up first."""

    code = "factor.missing"
    kind = Kind.UNPROCESSABLE


# --- repeated requests ---------------------------------------------------------------------


class IdempotencyKeyReused(LimenError):
    """The idempotency key was used with another request. Use a new key."""

    code = "idempotency.key_reused"
    kind = Kind.UNPROCESSABLE


class IdempotencyInProgress(LimenError):
    """A request with this idempotency key is still being answered. Try again in a moment."""

    code = "idempotency.in_progress"
    kind = Kind.CONFLICT


# --- storage -------------------------------------------------------------------------------


class ConcurrentUpdate(LimenError):
    """Somebody else changed this at the same time. Read it again and retry."""

    code = "storage.concurrent_update"
    kind = Kind.CONFLICT


class VersionMismatch(LimenError):
    """It has changed since you read it. Read it again and retry."""

    code = "storage.version_mismatch"
    kind = Kind.PRECONDITION


class StorageUnavailable(LimenError):
    """The store cannot be reached right now. Try again in a moment."""

    code = "storage.unavailable"
    kind = Kind.UNAVAILABLE


class StorageOutdated(LimenError):
    """The store's schema does not fit this version of limen. Run `limen migrate`."""

    code = "storage.outdated"
    kind = Kind.UNAVAILABLE


class StorageReadOnly(LimenError):
    """A view of the store was asked to write."""

    code = "storage.read_only"
    kind = Kind.BROKEN


class MailNotSent(LimenError):
    """The mail could not be handed over. Try again in a moment."""

    code = "mail.not_sent"
    kind = Kind.UNAVAILABLE


class MailUnreachable(MailNotSent):
    """The mail server takes no address with letters beyond ASCII before its @ (RFC 6531)."""

    code = "mail.unreachable"


class MessageNotFound(LimenError):
    """There is no such message."""

    code = "message.not_found"
    kind = Kind.NOT_FOUND


class MessageNotWritten(LimenError):
    """The words of this message cannot be put together: look at its template."""

    code = "message.not_written"
    kind = Kind.BROKEN


class MessageNotUndeliverable(LimenError):
    """The message was sent, or is still going to be. Only undeliverable ones are sent again."""

    code = "message.not_undeliverable"
    kind = Kind.UNPROCESSABLE


# --- settings ------------------------------------------------------------------------------


class SettingsInvalid(LimenError):
    """Some settings are not valid."""

    code = "settings.invalid"
    kind = Kind.INVALID
