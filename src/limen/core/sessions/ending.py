"""Ending all that somebody has open, and all that could still become a session."""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.factors.resetting import drop_reset
from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import EndReason
from limen.ports.unit_of_work import UnitOfWork


async def end_everything(
    uow: UnitOfWork,
    user_id: UserId,
    actor: Actor,
    now: datetime,
    reason: EndReason,
    *,
    keep: SessionId | None = None,
) -> None:
    """End the sessions of a locked user but the one to keep.

    Links, codes, pending changes, sign-ins that wait for a second factor, remembered browsers and a
    reset of factors that waits go with them: what was begun before a credential changed is not to
    outlive it.
    """
    await uow.sessions.end(user_id, now, reason, keep=keep)
    await uow.partial_sessions.remove(user_id)
    await uow.proofs.remove(user_id)
    await uow.remembered.remove(user_id, keep=keep)
    await drop_reset(uow, user_id, actor, now)
