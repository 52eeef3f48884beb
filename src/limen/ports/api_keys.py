"""Where API keys are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from limen.core.api_keys.model import ApiKey, ApiKeyEnd
from limen.core.ids import ApiKeyId, UserId
from limen.core.users.model import User


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedKey:
    """A key and the user it acts for."""

    key: ApiKey
    owner: User


class ApiKeys(Protocol):
    """Keeps API keys, in the order of their ids."""

    async def add(self, key: ApiKey) -> None:
        """Add a new key; raise `UserNotFound` if its owner is gone."""
        ...

    async def find(self, key_id: ApiKeyId) -> OwnedKey | None:
        """Return the key with this id, over or not, and its owner."""
        ...

    async def list(
        self, owner_id: UserId, *, before: ApiKeyId | None = None, limit: int = 100
    ) -> tuple[ApiKey, ...]:
        """Return up to `limit` keys of a user older than `before`, the newest first."""
        ...

    async def count(self, owner_id: UserId, now: datetime, *, has_successor: bool = False) -> int:
        """Count the keys of a user that hold at `now` without a successor, or beside theirs."""
        ...

    async def save(self, key: ApiKey) -> None:
        """Store a changed key; raise `ConcurrentUpdate` unless it is one version on.

        `last_used_at` stays as it is.
        """
        ...

    async def use(self, key_id: ApiKeyId, now: datetime, unless_since: datetime) -> None:
        """Store `now` as `last_used_at`, unless the last use was after `unless_since`.

        One conditional write without a new version; of an unknown key nothing changes.
        """
        ...

    async def end(self, owner_id: UserId, now: datetime, reason: ApiKeyEnd) -> None:
        """End every key of a user that holds at `now`, each one version on."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` keys that were over before `before`; return how many."""
        ...
