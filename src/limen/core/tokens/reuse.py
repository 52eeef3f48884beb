"""What happens when a refresh token comes again that was used before."""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.events import RefreshTokenReuseDetected
from limen.core.remembered.remembering import forget_session
from limen.core.sessions.model import EndReason
from limen.core.tokens.family import PresentedToken
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWorkFactory


async def end_reused(
    unit_of_work: UnitOfWorkFactory,
    standing: Standing,
    token: PresentedToken,
    actor: Actor,
    now: datetime,
) -> None:
    """End the session of a token that came again, and announce it once."""
    session = standing.session
    async with unit_of_work() as uow:
        ended = await uow.sessions.end(
            session.user_id, now, EndReason.REFRESH_REUSED, only=session.id
        )
        if ended:
            await forget_session(uow, session.user_id, session.id)
            uow.emit(
                RefreshTokenReuseDetected(
                    at=now,
                    actor=actor,
                    user_id=session.user_id,
                    session_id=session.id,
                    generation=token.generation,
                )
            )
            await uow.commit()
