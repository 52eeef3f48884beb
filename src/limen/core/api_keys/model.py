"""API keys: whose they are, what they may do, and when they hold."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from limen.core.errors import ApiKeyOver
from limen.core.ids import ApiKeyId, UserId
from limen.core.text import has_control_characters, is_too_long_to_normalise, nfc

LONGEST_NAME: Final = 100


class ApiKeyStatus(StrEnum):
    """How far a key is: `rotated` still holds, beside its successor, until it expires."""

    ACTIVE = "active"
    ROTATED = "rotated"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ApiKeyEnd(StrEnum):
    """Why a key was ended before its time."""

    REVOKED = "revoked"
    REPORTED = "reported"
    TAKEN_OVER = "taken_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyPolicy:
    """What the operator decides about API keys.

    No key lives longer than `longest_life`, if there is one. Each owner has at most `most_live`,
    not counting those that have a successor. A rotated key holds for `overlap`, or as long as was
    asked for up to `longest_overlap`. The last use is known to `use_resolution`. From one network
    address there are `most_wrong` wrong keys in each `window`.
    """

    longest_life: timedelta | None = None
    most_live: int = 50
    overlap: timedelta = timedelta(hours=24)
    longest_overlap: timedelta = timedelta(days=7)
    use_resolution: timedelta = timedelta(minutes=10)
    most_wrong: int = 100
    window: timedelta = timedelta(minutes=15)

    def end_of(self, now: datetime, wanted: datetime | None) -> datetime | None:
        """Return when a key made now expires: as wanted, or as late as may be."""
        latest = None if self.longest_life is None else now + self.longest_life
        return wanted or latest


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is stored of a key: never its secret, only the digest.

    `owner_id` is the user it acts for, never with more than `scopes` and never with more than the
    owner may at the time; `made_by` is who made it, unless that was the operator. `last_used_at` is
    coarse.
    """

    id: ApiKeyId
    owner_id: UserId
    made_by: UserId | None = None
    name: str
    digest: bytes
    scopes: frozenset[str] = frozenset()
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: ApiKeyEnd | None = None
    successor_id: ApiKeyId | None = None
    version: int = 1

    @property
    def over_at(self) -> datetime | None:
        """When it ceases to hold, or did, if that is known."""
        ends = [end for end in (self.expires_at, self.ended_at) if end is not None]
        return min(ends, default=None)

    def is_live(self, now: datetime) -> bool:
        """Tell whether the key holds."""
        return self.ended_at is None and (self.expires_at is None or now < self.expires_at)

    def status(self, now: datetime) -> ApiKeyStatus:
        """Tell how far the key is."""
        if self.ended_at is not None:
            return ApiKeyStatus.REVOKED
        if not self.is_live(now):
            return ApiKeyStatus.EXPIRED
        return ApiKeyStatus.ACTIVE if self.successor_id is None else ApiKeyStatus.ROTATED

    def is_use_new(self, now: datetime, resolution: timedelta) -> bool:
        """Tell whether a use now says more than the last one that was noted."""
        return self.last_used_at is None or now - self.last_used_at >= resolution

    def ended(self, now: datetime, reason: ApiKeyEnd) -> "ApiKey":
        """End a key that holds; raise `ApiKeyOver` for any other."""
        if not self.is_live(now):
            raise ApiKeyOver
        return replace(self, ended_at=now, end_reason=reason, version=self.version + 1)

    def rotated(self, successor: "ApiKey", overlap: timedelta, now: datetime) -> "ApiKey":
        """Return the key as it is beside its successor: it holds for `overlap` more at most.

        Raises `ApiKeyOver` for one that holds no more, or has a successor already.
        """
        if not self.is_live(now) or self.successor_id is not None:
            raise ApiKeyOver
        end = now + overlap
        return replace(
            self,
            expires_at=end if self.expires_at is None else min(end, self.expires_at),
            successor_id=successor.id,
            version=self.version + 1,
        )


def parse_key_name(text: str) -> str:
    """Read the name of a key; raise `ValueError` with a sentence for people."""
    is_endless = is_too_long_to_normalise(text, LONGEST_NAME)
    written = "" if is_endless else nfc(text)
    if not 0 < len(written) <= LONGEST_NAME or has_control_characters(written):
        message = f"must be 1 to {LONGEST_NAME} characters, none of them invisible"
        raise ValueError(message)
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyClaims:
    """What a good key says at this moment.

    `scopes` were given to it; `permissions` are those of them that its owner may exercise now.
    `name` is its public part.
    """

    key_id: ApiKeyId
    user_id: UserId
    name: str
    scopes: frozenset[str]
    permissions: frozenset[str]
