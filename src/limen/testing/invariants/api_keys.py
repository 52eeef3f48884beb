"""API keys against what is told of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from limen.core.api_keys.model import ApiKey
from limen.core.ids import UserId
from limen.ports.accounts import Account
from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History, ToldKey

_BATCH = 100


async def of_api_keys(
    view: View, accounts: Mapping[UserId, Account], told: History, now: datetime
) -> list[str]:
    """Return what is wrong with API keys. A purge takes those that hold no more."""
    found = []
    for user_id in accounts:
        held = {str(key.id): key for key in await _all_of(view, user_id)}
        own = {name: key for name, key in told.api_keys.items() if key.owner_id == user_id}
        found += [f"API key {name} is there, untold" for name in sorted(held.keys() - own.keys())]
        for name, key in own.items():
            found += _untold(name, held.get(name), key, now)
    for user_id in told.users.keys() - accounts.keys():
        left = await _all_of(view, user_id)
        found += [f"API key {key.id} has outlived its owner" for key in left]
    return found


def _untold(name: str, key: ApiKey | None, told: ToldKey, now: datetime) -> Iterator[str]:
    if key is None:
        if told.holds(now):
            yield f"API key {name} is lost"
        return
    if (key.ended_at is not None) != told.is_ended:
        yield f"API key {name} ended at {key.ended_at}, the events differ"
    if (key.expires_at, key.scopes) != (told.expires_at, told.scopes):
        yield f"API key {name} holds until another instant, or for more, than the events tell"
    successor = None if key.successor_id is None else str(key.successor_id)
    if (successor, key.version) != (told.successor, told.version):
        yield f"API key {name} has another successor or another version than told"


async def _all_of(view: View, owner_id: UserId) -> list[ApiKey]:
    found: list[ApiKey] = []
    while page := await view.api_keys.list(
        owner_id, before=found[-1].id if found else None, limit=_BATCH
    ):
        found += page
    return found
