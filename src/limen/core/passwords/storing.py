"""Storing a new password, the first or another."""

from datetime import datetime

from limen.core.ids import UserId
from limen.core.passwords.model import PasswordCredential
from limen.core.secret import Secret
from limen.ports.unit_of_work import UnitOfWork


async def store_password(
    uow: UnitOfWork, user_id: UserId, digest: Secret[str], now: datetime
) -> None:
    """Store the hash of a new password of a locked user."""
    credential = await uow.passwords.find(user_id)
    if credential is None:
        first = PasswordCredential(user_id=user_id, digest=digest, changed_at=now)
        await uow.passwords.add(first)
    else:
        await uow.passwords.save(credential.changed(digest, now))
