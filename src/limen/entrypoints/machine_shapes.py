"""The shapes of service accounts and API keys that leave limen; see `shapes`."""

from datetime import datetime, timedelta
from typing import Final, Literal, Self
from uuid import UUID

from msgspec import Struct

from limen.core.api_keys.form import public_part
from limen.core.api_keys.model import ApiKeyStatus
from limen.core.api_keys.service import NewKey, SeenKey
from limen.core.users.model import User

_LONGEST_SPAN: Final = 10**9


def overlap_of(seconds: int | None) -> timedelta | None:
    """Return for how long a key holds beside its successor; any number of seconds is a span."""
    # What is out of bounds stays so, however far it is.
    return None if seconds is None else timedelta(seconds=max(-1, min(seconds, _LONGEST_SPAN)))


class ApiKeyOut(Struct, frozen=True, kw_only=True):
    """An API key without its secret. `public_part` names it: what it begins with.

    `rotated` holds beside its successor until it expires; `last_used_at` is coarse.
    """

    id: UUID
    owner_id: UUID
    made_by: UUID | None
    name: str
    public_part: str
    scopes: tuple[str, ...]
    status: Literal["active", "rotated", "expired", "revoked"]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    ended_at: datetime | None
    end_reason: Literal["revoked", "reported", "taken_over"] | None
    successor_id: UUID | None
    version: int

    @classmethod
    def of(cls, seen: SeenKey) -> Self:
        """Map the model."""
        key = seen.key
        return cls(
            id=key.id,
            owner_id=key.owner_id,
            made_by=key.made_by,
            name=key.name,
            public_part=public_part(key.id),
            scopes=tuple(sorted(key.scopes)),
            status=seen.status.value,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            ended_at=key.ended_at,
            end_reason=None if key.end_reason is None else key.end_reason.value,
            successor_id=key.successor_id,
            version=key.version,
        )


class NewApiKeyOut(Struct, frozen=True, kw_only=True):
    """A key that was just made. `key` is the whole of it: it is shown now and never again."""

    key: str
    api_key: ApiKeyOut

    @classmethod
    def of(cls, made: NewKey) -> Self:
        """Map the result."""
        seen = SeenKey(key=made.key, status=ApiKeyStatus.ACTIVE)
        return cls(key=made.text.reveal(), api_key=ApiKeyOut.of(seen))

    @property
    def version(self) -> int:
        """The version of the key."""
        return self.api_key.version


class ServiceAccountOut(Struct, frozen=True, kw_only=True):
    """An account without a person: it acts by API keys alone."""

    id: UUID
    username: str
    name: str
    status: Literal["pending", "active", "suspended"]
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, account: User) -> Self:
        """Map the model."""
        return cls(
            id=account.id,
            username=str(account.username or ""),
            name=account.name,
            status=account.status.value,
            created_at=account.created_at,
            updated_at=account.updated_at,
            version=account.version,
        )
