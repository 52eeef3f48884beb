"""Passkeys against what is told of them."""

from collections.abc import Mapping

from limen.core.ids import UserId
from limen.ports.accounts import Account
from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History


async def of_passkeys(view: View, accounts: Mapping[UserId, Account], told: History) -> list[str]:
    """Return what is wrong with passkeys."""
    found = []
    for user_id, user in told.users.items():
        held = {str(passkey.id) for passkey in await view.passkeys.list(user_id)}
        if user_id not in accounts:
            found += [f"passkey {one} of {user_id} has outlived its user" for one in sorted(held)]
            continue
        found += [f"passkey {one} is there, untold" for one in sorted(held - user.passkeys)]
        found += [f"passkey {one} is lost" for one in sorted(user.passkeys - held)]
    return found
