"""One-time links and codes against their users, and against what ended them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from limen.core.ids import UserId
from limen.core.proofs.model import MOST_TRIES, Proof, Purpose
from limen.ports.accounts import Account
from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History, ToldUser

# Who makes a link looks at the clock before they wait for the user.
LEEWAY: Final = timedelta(minutes=1)


async def of_proofs(
    view: View, accounts: Mapping[UserId, Account], told: History, now: datetime
) -> list[str]:
    """Return what is wrong with proofs that are bound to no browser; others nobody can list."""
    found = []
    for user_id, user in told.users.items():
        for purpose in Purpose:
            proof = await view.proofs.find_of(user_id, purpose)
            if proof is None:
                continue
            account = accounts.get(user_id)
            if account is None:
                found.append(f"proof {proof.id} has outlived its user")
                continue
            found += _wrong(proof, account, user, now)
            if await view.proofs.find(proof.id) != proof:
                found.append(f"proof {proof.id} is not the one of its user and purpose")
    return found


def _wrong(proof: Proof, account: Account, told: ToldUser, now: datetime) -> Iterator[str]:
    user = account.user
    if proof.user_id != user.id:
        yield f"proof {proof.id} belongs to somebody else"
    if proof.tries > MOST_TRIES:
        yield f"proof {proof.id} was tried {proof.tries} times"
    if told.proofs_ended_at is not None and proof.created_at + LEEWAY < told.proofs_ended_at:
        yield f"proof {proof.id} has outlived what ended all links of user {user.id}"
    is_of_new = proof.purpose is Purpose.CONFIRM_EMAIL_CHANGE
    if proof.is_live(now) and not is_of_new and proof.email != user.email.key:
        yield f"proof {proof.id} is live, and was sent to another address than the user's"
    if proof.spent_at is not None and proof.spent_at >= proof.expires_at:
        yield f"proof {proof.id} was spent when it was over"
