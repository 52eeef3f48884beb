"""Service accounts, API keys and requests as values, in the way of `builders`."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from limen.core.api_keys.model import ApiKey, ApiKeyEnd
from limen.core.factors.model import RESET_WAITS, ResetRequest
from limen.core.ids import ApiKeyId, UserId
from limen.core.users.model import Email, Status, User, UserKind
from limen.testing.builders import a_user, a_user_id
from limen.testing.fakes import NOON, CountingIds

# Apart from the ids of `builders`.
_ids: Final = CountingIds(NOON - timedelta(days=2))
_numbers: Final = count(1)


def a_service_account(username: str | None = None, *, status: Status = Status.ACTIVE) -> User:
    """Build a service account."""
    name = username or f"bot-{next(_numbers)}"
    user = a_user(username=name, kind=UserKind.SERVICE_ACCOUNT, status=status)
    return replace(user, email=Email.of_nobody(user.id))


def a_key(
    owner_id: UserId,
    *,
    expires_at: datetime | None = None,
    ended_at: datetime | None = None,
    successor_id: ApiKeyId | None = None,
) -> ApiKey:
    """Build an API key that was made at noon and may do nothing."""
    new_id = ApiKeyId(_ids.new())
    return ApiKey(
        id=new_id,
        owner_id=owner_id,
        name=f"key {next(_numbers)}",
        digest=new_id.bytes.ljust(32, b"k"),
        created_at=NOON,
        expires_at=expires_at,
        ended_at=ended_at,
        end_reason=None if ended_at is None else ApiKeyEnd.REVOKED,
        successor_id=successor_id,
    )


def a_full_key(owner_id: UserId) -> ApiKey:
    """Build an API key with every field filled, so that none can be lost on the way."""
    return ApiKey(
        id=ApiKeyId(_ids.new()),
        owner_id=owner_id,
        made_by=a_user_id(),
        name="Zoë's 🔑",
        digest=bytes(range(32)),
        scopes=frozenset({"users.read", "invoices.read"}),
        created_at=NOON + timedelta(microseconds=1),
        expires_at=NOON + timedelta(days=1, microseconds=2),
        last_used_at=NOON + timedelta(microseconds=3),
        ended_at=NOON + timedelta(microseconds=4),
        end_reason=ApiKeyEnd.REPORTED,
        successor_id=ApiKeyId(_ids.new()),
        version=3,
    )


def a_reset_request(
    user_id: UserId, *, requested_at: datetime = NOON, requested_by: UserId | None = None
) -> ResetRequest:
    """Build a request to reset the factors of a user, by somebody else."""
    return ResetRequest(
        user_id=user_id,
        requested_by=requested_by or a_user_id(),
        requested_at=requested_at,
        expires_at=requested_at + RESET_WAITS,
    )
