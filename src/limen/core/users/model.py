"""Who a user is: values that hold only what is valid, and what may change."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from encodings.idna import nameprep
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self, TypeAlias

from limen.core.errors import NotAPerson, VersionMismatch
from limen.core.ids import UserId
from limen.core.text import fold, has_control_characters, is_too_long_to_normalise, nfc

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LONGEST_EMAIL: Final = 254
LONGEST_LOCAL_PART: Final = 64
LONGEST_NAME: Final = 200
LARGEST_ATTRIBUTES: Final = 16 * 1024
DEEPEST_ATTRIBUTES: Final = 8
LARGEST_WHOLE_NUMBER: Final = 2**53 - 1
_FEWEST_LABELS: Final = 2
# Some characters fold to many; lists sort by the folded form, and cursors carry it.
_LONGEST_FOLDED: Final = 2 * LONGEST_NAME
_DOMAINS_REMEMBERED: Final = 256

_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_USERNAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")

# Characters that IDNA 2003 maps away and IDNA 2008 keeps, and its other dots: with them two
# domains could be one.
_AMBIGUOUS_IN_DOMAINS: Final = frozenset("ßς\u200c\u200d\u3002\uff0e\uff61")


class Status(StrEnum):
    """Whether a user may sign in."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class UserKind(StrEnum):
    """Whether a user is somebody, or something that only ever acts by API keys."""

    PERSON = "person"
    SERVICE_ACCOUNT = "service_account"


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address: as it was written, and `key`, the form in which it is unique.

    Accepted is the dot-atom form of RFC 5321 section 4.1.2 with the Unicode of RFC 6531, a domain
    of two or more IDNA labels, at most 254 octets. Quoted local parts, address literals and
    comments are refused.
    """

    address: str
    key: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address; raise `ValueError` with a sentence for people."""
        if is_too_long_to_normalise(text, LONGEST_EMAIL):
            raise ValueError(_EMAIL_SENTENCE)
        written = nfc(text)
        if has_control_characters(written):
            raise ValueError(_EMAIL_SENTENCE)
        local, at, domain = written.rpartition("@")
        folded = fold(local)
        if not at or not _is_local_part(local) or not _is_local_part(folded):
            raise ValueError(_EMAIL_SENTENCE)
        host = _ascii_domain(domain)
        key = f"{folded}@{host}"
        if max(len(f"{local}@{host}".encode()), len(key.encode())) > LONGEST_EMAIL:
            raise ValueError(_EMAIL_SENTENCE)
        return cls(written, key)

    @classmethod
    def of_nobody(cls, user_id: UserId) -> Self:
        """Return an address that reaches nobody (RFC 6761 section 6.4), one for each id."""
        address = f"{user_id}@service-accounts.invalid"
        return cls(address, address)

    def __str__(self) -> str:
        return self.address


_EMAIL_SENTENCE: Final = "must be an e-mail address such as ada@example.org"


def _is_local_part(local: str) -> bool:
    # "=?" would begin an encoded word (RFC 2047), which mail programs read as something else.
    is_plain = "=?" not in local and len(local.encode()) <= LONGEST_LOCAL_PART
    return is_plain and all(_ATOM.fullmatch(atom) for atom in local.split("."))


@lru_cache(_DOMAINS_REMEMBERED)
def _ascii_domain(domain: str) -> str:
    if len(domain) > LONGEST_EMAIL or not _has_one_spelling(domain):
        raise ValueError(_EMAIL_SENTENCE)
    try:
        host = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError(_EMAIL_SENTENCE) from None
    labels = host.split(".")
    if (
        len(labels) < _FEWEST_LABELS
        or labels[-1].isdigit()
        or not all(map(_LABEL.fullmatch, labels))
    ):
        raise ValueError(_EMAIL_SENTENCE)
    return host


def _has_one_spelling(domain: str) -> bool:
    """Tell whether nobody else could read this domain as another, or write it differently.

    Other dots, compatibility characters and those that IDNA leaves out all make two texts of one
    domain: what is stored is what is mailed, so only the plain spelling is taken.
    """
    if domain.isascii():
        return True
    if _AMBIGUOUS_IN_DOMAINS.intersection(domain):
        return False
    lower = domain.casefold()
    return unicodedata.normalize("NFKC", lower) == lower == _nameprepped(lower)


def _nameprepped(domain: str) -> str:
    try:
        return ".".join(map(nameprep, domain.split(".")))
    except UnicodeError:
        return ""


@dataclass(frozen=True, slots=True)
class Username:
    """A name to sign in with: ASCII letters, digits, dot, dash and underscore; 1 to 64 of them.

    ASCII only, so that no two names look alike (Unicode TR 39). `key` is the unique form.
    """

    name: str
    key: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a username; raise `ValueError` with a sentence for people."""
        written = text.strip()
        if not _USERNAME.fullmatch(written):
            message = (
                "must be 1 to 64 letters, digits, dots, dashes or underscores, "
                "with a letter or digit at both ends"
            )
            raise ValueError(message)
        return cls(written, written.lower())

    def __str__(self) -> str:
        return self.name


def read_identifier(text: str) -> Email | Username | None:
    """Read what somebody typed as who they are; `None` if nobody can be called that."""
    try:
        return Email.parse(text) if "@" in text else Username.parse(text)
    except ValueError:
        return None


def parse_name(text: str) -> str:
    """Read a display name; raise `ValueError` with a sentence for people."""
    is_endless = is_too_long_to_normalise(text, LONGEST_NAME)
    written = "" if is_endless else nfc(text)
    is_long = is_endless or len(written) > LONGEST_NAME or len(fold(written)) > _LONGEST_FOLDED
    if is_long or has_control_characters(written):
        message = f"must be at most {LONGEST_NAME} characters, none of them invisible"
        raise ValueError(message)
    return written


def parse_attributes(value: Mapping[str, Json]) -> dict[str, Json]:
    """Check that `value` is a JSON object of bounded size and depth; raise `ValueError` if not."""
    if not value:
        return {}
    _check_json(value, DEEPEST_ATTRIBUTES)
    if len(json.dumps(value, ensure_ascii=False).encode()) > LARGEST_ATTRIBUTES:
        message = f"must be at most {LARGEST_ATTRIBUTES} bytes as JSON"
        raise ValueError(message)
    return dict(value)


def _check_json(value: object, depth: int) -> None:
    match value:
        case None | bool():
            return
        case int() if abs(value) <= LARGEST_WHOLE_NUMBER:
            return
        case float() if value - value == 0:
            return
        case str() if _is_storable(value):
            return
        case list() if depth > 0:
            for item in value:
                _check_json(item, depth - 1)
        case Mapping() if depth > 0 and all(
            isinstance(key, str) and _is_storable(key) for key in value
        ):
            for item in value.values():
                _check_json(item, depth - 1)
        case _:
            message = (
                f"must be JSON at most {DEEPEST_ATTRIBUTES} levels deep, with numbers "
                "that every client can hold and text without NUL"
            )
            raise ValueError(message)


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The fields of a user that people fill in; `locale` is the language they are written to in."""

    email: Email
    username: Username | None = None
    name: str = ""
    locale: str | None = None
    attributes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody, or something, that has an account.

    Behaviour returns the changed user, one version on. A service account is a user without a
    person: no password, no mail, no session; its `email` reaches nobody. `first_verified_at` stays
    when the address changes: since then the account is somebody's. So is one whose address was
    changed for it while there was a password or a factor.
    """

    id: UserId
    kind: UserKind = UserKind.PERSON
    email: Email
    username: Username | None = None
    name: str = ""
    locale: str | None = None
    status: Status = Status.ACTIVE
    attributes: Mapping[str, Json] = field(default_factory=dict)
    email_verified_at: datetime | None = None
    first_verified_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    last_sign_in_at: datetime | None = None
    version: int = 1

    @property
    def is_person(self) -> bool:
        """Whether this is somebody."""
        return self.kind is UserKind.PERSON

    def require_person(self, *, version: int | None = None) -> None:
        """Raise `NotAPerson` for a service account, `VersionMismatch` for another `version`."""
        if not self.is_person:
            raise NotAPerson
        if version is not None and self.version != version:
            raise VersionMismatch

    @property
    def has_owner(self) -> bool:
        """Whether the account is somebody's, whoever reads mail at its present address."""
        return (self.first_verified_at or self.email_verified_at) is not None

    @property
    def may_be_entered_by_mail(self) -> bool:
        """Whether whoever reads mail at the address may be taken for the owner by that alone.

        To an address that others put in place of a proved one no account falls.
        """
        return self.email_verified_at is not None or not self.has_owner

    @property
    def search_text(self) -> str:
        """The folded text that a search looks through."""
        return fold("\n".join((self.email.address, str(self.username or ""), self.name)))

    @property
    def own_words(self) -> tuple[str, ...]:
        """The words a password of this user must not be made of."""
        return own_words(self.email, self.username, self.name)

    def suspend(self, now: datetime) -> "User":
        """Shut the user out."""
        return self._changed(now, status=Status.SUSPENDED)

    def reactivate(self, now: datetime) -> "User":
        """Let the user in again, or for the first time."""
        return self._changed(now, status=Status.ACTIVE)

    def verified(self, now: datetime) -> "User":
        """Take the address for proved; who waited for that may sign in."""
        status = Status.ACTIVE if self.status is Status.PENDING else self.status
        return self._changed(
            now, status=status, email_verified_at=now, first_verified_at=self._first_verified(now)
        )

    def with_email(self, email: Email, now: datetime) -> "User":
        """Put a proved address in place of the present one."""
        return self._changed(
            now, email=email, email_verified_at=now, first_verified_at=self._first_verified(now)
        )

    def with_profile(self, profile: Profile, now: datetime) -> "User":
        """Put `profile` in place of the present one; a new address is unverified.

        Another spelling is a new address, too: it may be somebody else's mailbox.
        """
        kept = profile.email.address == self.email.address
        return self._changed(
            now,
            email=profile.email,
            username=profile.username,
            name=profile.name,
            locale=profile.locale,
            attributes=profile.attributes,
            email_verified_at=self.email_verified_at if kept else None,
            first_verified_at=self._first_verified(None),
        )

    def owned(self, now: datetime) -> "User":
        """Take the account for somebody's, whoever reads mail at its address; the same version."""
        return replace(self, first_verified_at=self._first_verified(now))

    @property
    def profile(self) -> Profile:
        """The fields people fill in."""
        return Profile(
            email=self.email,
            username=self.username,
            name=self.name,
            locale=self.locale,
            attributes=self.attributes,
        )

    def _first_verified(self, now: datetime | None) -> datetime | None:
        """Return since when there is an owner; versions before the mark kept the latest alone."""
        return self.first_verified_at or self.email_verified_at or now

    def _changed(self, now: datetime, **changes: object) -> "User":
        return replace(self, updated_at=now, version=self.version + 1, **changes)  # type: ignore[arg-type]


def own_words(email: Email, username: Username | None, name: str) -> tuple[str, ...]:
    """Return the words that a password of this person must not be made of."""
    local, _, domain = email.address.partition("@")
    words = (email.address, local, domain, str(username or ""), name, *name.split())
    return tuple(word for word in words if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPolicy:
    """What the operator decides about accounts.

    With `is_registration_open` false only administrators make accounts; with
    `allows_unverified_sign_in` false a registered user is pending until the address is proved, and
    whoever registers is told by mail alone whether the address has an account already. From
    one network address there are `registrations_per_address` in each window.
    """

    is_registration_open: bool = True
    allows_unverified_sign_in: bool = True
    registrations_per_address: int = 30
    registration_window: timedelta = timedelta(minutes=15)

    @property
    def hides_accounts(self) -> bool:
        """Whether a registration tells nobody if its address has an account already."""
        return not self.allows_unverified_sign_in

    @property
    def first_status(self) -> Status:
        """The status of somebody who has just registered."""
        return Status.ACTIVE if self.allows_unverified_sign_in else Status.PENDING
