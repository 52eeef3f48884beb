"""Second factors against what is told of them."""

from collections.abc import Mapping
from datetime import datetime

from limen.core.factors.model import ResetRequest
from limen.core.factors.totp import step_at
from limen.core.ids import UserId
from limen.ports.accounts import Account
from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History, ToldUser
from limen.testing.invariants.proofs import LEEWAY


async def of_factors(
    view: View, accounts: Mapping[UserId, Account], told: History, now: datetime
) -> list[str]:
    """Return what is wrong with authenticator apps and recovery codes."""
    found = []
    for user_id, user in told.users.items():
        if user_id in accounts:
            found += await _untold(view, user_id, user, now)
        else:
            found += await _left_behind(view, user_id)
    return found


async def _untold(view: View, user_id: UserId, told: ToldUser, now: datetime) -> list[str]:
    found = []
    totp, codes = await view.totps.find(user_id), await view.recovery_codes.list(user_id)
    if (totp is not None) != told.has_app:
        is_there = "no authenticator app" if totp is None else "an authenticator app"
        found.append(f"user {user_id} has {is_there}, which no event tells")
    if totp is not None and not told.app_step <= totp.last_step <= step_at(now) + 1:
        found.append(f"the app of user {user_id} was used last at another step than told")
    if len(codes) != told.codes:
        found.append(
            f"user {user_id} has {len(codes)} recovery codes, the events tell {told.codes}"
        )
    reset, until = await view.factor_resets.find(user_id), told.reset_until
    is_purged = reset is None and until is not None and until <= now
    if not is_purged and (None if reset is None else reset.expires_at) != until:
        found.append(f"a reset of the factors of user {user_id} waits otherwise than told")
    if reset is not None and _is_overtaken(reset, told):
        found.append(f"a reset of the factors of user {user_id} has outlived what ended all else")
    return found


def _is_overtaken(reset: ResetRequest, told: ToldUser) -> bool:
    """Tell whether all that waited for a user ended while this waited."""
    ended_at = told.proofs_ended_at
    if ended_at is None:
        return False
    return reset.requested_at + LEEWAY < ended_at < reset.expires_at - LEEWAY


async def _left_behind(view: View, user_id: UserId) -> list[str]:
    found = []
    if await view.totps.find(user_id) or await view.totps.find_waiting(user_id):
        found.append(f"an authenticator app of {user_id} has outlived its user")
    if await view.recovery_codes.list(user_id):
        found.append(f"recovery codes of {user_id} have outlived their user")
    if await view.factor_resets.find(user_id):
        found.append(f"a reset of the factors of {user_id} has outlived its user")
    return found
