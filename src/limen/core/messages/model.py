"""Messages to people: what they tell, how far they are, and when they are tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from limen.core.ids import MessageId, UserId

# How long after each try that failed the next one comes; after the last there is none.
_PAUSES: Final = (
    *(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)),
    *(timedelta(hours=1), timedelta(hours=4), timedelta(hours=12)),
)


class MessageKind(StrEnum):
    """What a message tells; its name is that of its templates."""

    VERIFY_EMAIL = "verify_email"
    APPROVE_EMAIL_CHANGE = "approve_email_change"
    CONFIRM_EMAIL_CHANGE = "confirm_email_change"
    EMAIL_CHANGED = "email_changed"
    EMAIL_TAKEN = "email_taken"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a message
    SIGN_IN_LOCKED = "sign_in_locked"
    PASSWORD_RESET_REQUIRED = "password_reset_required"  # noqa: S105 - the name of a message
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a message
    PASSKEY_ENROLLED = "passkey_enrolled"
    PASSKEY_REMOVED = "passkey_removed"
    SIGN_IN = "sign_in"
    TOTP_ENROLLED = "totp_enrolled"
    TOTP_REMOVED = "totp_removed"
    FACTORS_RESET = "factors_reset"
    FACTOR_RESET_REQUESTED = "factor_reset_requested"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    API_KEY_CREATED = "api_key_created"
    API_KEY_REPORTED = "api_key_reported"
    NEW_DEVICE = "new_device"


_PROOF: Final = ("link", "code", "minutes")
_KEY: Final = ("name", "key")

# What each message is for.
ABOUT: Final[Mapping[MessageKind, str]] = {
    MessageKind.VERIFY_EMAIL: "Proves the address of a new account",
    MessageKind.APPROVE_EMAIL_CHANGE: "Asks the present address to agree to another one",
    MessageKind.CONFIRM_EMAIL_CHANGE: "Proves the address that is to be the user's",
    MessageKind.EMAIL_CHANGED: "Tells the former address that there is another one now",
    MessageKind.EMAIL_TAKEN: "Tells that somebody wanted another account with the address",
    MessageKind.RESET_PASSWORD: "Lets the user set a new password",
    MessageKind.SIGN_IN_LOCKED: "Tells that attempts have to wait, once a day at most",
    MessageKind.PASSWORD_RESET_REQUIRED: "Tells that an administrator wants a new password set",
    MessageKind.PASSWORD_CHANGED: "Tells that the password was changed, by whomever",
    MessageKind.PASSKEY_ENROLLED: "Tells that there is another passkey to come in by",
    MessageKind.PASSKEY_REMOVED: "Tells that a passkey was removed, by whomever",
    MessageKind.SIGN_IN: "Lets the user in, in the browser that asked",
    MessageKind.TOTP_ENROLLED: "Tells that there is an authenticator app now",
    MessageKind.TOTP_REMOVED: "Tells that the authenticator app was given up",
    MessageKind.FACTORS_RESET: "Tells that an administrator removed all second factors",
    MessageKind.FACTOR_RESET_REQUESTED: "Tells that an administrator wants to remove them",
    MessageKind.RECOVERY_CODES_MADE: "Tells that there are new recovery codes",
    MessageKind.RECOVERY_CODE_USED: "Tells that a recovery code was used, and how many are left",
    MessageKind.API_KEY_CREATED: "Tells that there is a new API key, by its public part",
    MessageKind.API_KEY_REPORTED: "Tells that an API key was found by others, and ended",
    MessageKind.NEW_DEVICE: "Tells that somebody signed in from a device not seen before",
}

# The values that each message tells, by name.
VALUES: Final[Mapping[MessageKind, tuple[str, ...]]] = {
    MessageKind.VERIFY_EMAIL: _PROOF,
    MessageKind.APPROVE_EMAIL_CHANGE: (*_PROOF, "new_email"),
    MessageKind.CONFIRM_EMAIL_CHANGE: _PROOF,
    MessageKind.EMAIL_CHANGED: ("new_email",),
    MessageKind.EMAIL_TAKEN: (),
    MessageKind.RESET_PASSWORD: _PROOF,
    MessageKind.SIGN_IN_LOCKED: (),
    MessageKind.PASSWORD_RESET_REQUIRED: _PROOF,
    MessageKind.PASSWORD_CHANGED: (),
    MessageKind.PASSKEY_ENROLLED: ("passkey",),
    MessageKind.PASSKEY_REMOVED: ("passkey",),
    MessageKind.SIGN_IN: _PROOF,
    MessageKind.TOTP_ENROLLED: (),
    MessageKind.TOTP_REMOVED: (),
    MessageKind.FACTORS_RESET: (),
    MessageKind.FACTOR_RESET_REQUESTED: (),
    MessageKind.RECOVERY_CODES_MADE: (),
    MessageKind.RECOVERY_CODE_USED: ("left",),
    MessageKind.API_KEY_CREATED: _KEY,
    MessageKind.API_KEY_REPORTED: _KEY,
    MessageKind.NEW_DEVICE: ("when", "network"),
}


class MessageState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: to a user, or to whoever has an identifier that somebody typed.

    It goes to the user's address at the time, or to `to`. `sealed` are the encrypted values that it
    needs; they go with its end. While it waits, it is due at `due_at`; `tries` counts how often a
    worker had it, `fault` is what the last one met.
    """

    id: MessageId
    kind: MessageKind
    user_id: UserId | None = None
    to: str | None = None
    sealed: bytes | None = None
    created_at: datetime
    due_at: datetime
    state: MessageState = MessageState.WAITING
    ended_at: datetime | None = None
    tries: int = 0
    fault: str | None = None
    version: int = 1

    @property
    def is_worn_out(self) -> bool:
        """Whether workers have had it more often than it is tried: none came to an end with it."""
        return self.tries > len(_PAUSES) + 1

    def claimed(self, until: datetime) -> "Message":
        """Return the message as it is while a worker has it; without an answer it is due again."""
        return self._changed(due_at=until, tries=self.tries + 1)

    def sent(self, now: datetime) -> "Message":
        """Return the message as it is once it was handed over."""
        return self._changed(state=MessageState.SENT, ended_at=now, sealed=None, fault=None)

    def dropped(self, now: datetime) -> "Message":
        """Return the message as it is when there is nobody, or no reason any more, to send it."""
        return self._changed(state=MessageState.DROPPED, ended_at=now, sealed=None, fault=None)

    def failed(self, fault: str, now: datetime) -> "Message":
        """Return the message after a try that met `fault`: to be tried again, or given up."""
        if self.tries > len(_PAUSES):
            return self.given_up(fault, now)
        return self._changed(due_at=now + _PAUSES[self.tries - 1], fault=fault)

    def given_up(self, fault: str, now: datetime) -> "Message":
        """Return the message after a try that met a `fault` which no other try can mend."""
        return self._changed(state=MessageState.UNDELIVERABLE, ended_at=now, fault=fault)

    def again(self, now: datetime) -> "Message":
        """Return an undeliverable message as one that is due now, as if it were new."""
        return self._changed(
            state=MessageState.WAITING, due_at=now, ended_at=None, tries=0, fault=None
        )

    def _changed(self, **changes: object) -> "Message":
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]
