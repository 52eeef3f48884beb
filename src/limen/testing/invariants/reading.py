"""Reading all there is, page after page."""

from typing import Final

from limen.ports.accounts import Account
from limen.ports.outbox import StoredEvent
from limen.ports.unit_of_work import View

_BATCH: Final = 1000


async def all_events(view: View) -> list[StoredEvent]:
    """Return everything in the outbox, oldest first."""
    found: list[StoredEvent] = []
    while page := await view.outbox.list(after=found[-1].id if found else None, limit=_BATCH):
        found += page
    return found


async def all_accounts(view: View) -> list[Account]:
    """Return every account, in order of user id."""
    found: list[Account] = []
    while page := await view.accounts.list(
        after=found[-1].user.id if found else None, limit=_BATCH
    ):
        found += page
    return found
