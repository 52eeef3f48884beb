"""Spending a proof in the transaction of what it is good for."""

from datetime import datetime

from limen.core.errors import ProofInvalid, UserNotFound
from limen.core.proofs.model import Proof, Purpose
from limen.core.users.model import Status, User
from limen.ports.unit_of_work import UnitOfWork


async def spend(uow: UnitOfWork, proof: Proof, now: datetime) -> User:
    """Lock and return the user of a proof, and spend it.

    Raises `ProofInvalid` if somebody was faster, or the user is gone, shut out, or has another
    address by now than the proof was sent to. (The new one of a change is nobody's yet.)
    """
    try:
        user = await uow.users.lock(proof.user_id)
    except UserNotFound:
        raise ProofInvalid from None
    is_of_new = proof.purpose is Purpose.CONFIRM_EMAIL_CHANGE
    is_elsewhere = not is_of_new and user.email.key != proof.email
    if user.status is Status.SUSPENDED or is_elsewhere:
        raise ProofInvalid
    await uow.proofs.consume(proof.id, now)
    return user
