"""Finding a partial session by its token, and taking it away to finish or stop it."""

from datetime import datetime

from limen.core.errors import PartialSessionInvalid, UserNotFound
from limen.core.partial_sessions.model import PartialSession, read_token
from limen.core.secret import Secret, as_secret
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, View


async def find_partial(view: View, token: Secret[str] | str, now: datetime) -> PartialSession:
    """Return the partial session of a token; raise `PartialSessionInvalid` if there is none."""
    shown = read_token(as_secret(token))
    partial = await view.partial_sessions.find(shown.id)
    if partial is None or not shown.is_of(partial) or not partial.is_live(now):
        raise PartialSessionInvalid
    return partial


async def take_partial(uow: UnitOfWork, partial: PartialSession, now: datetime) -> User:
    """Lock and return the user of a partial session, and remove it.

    Raises `PartialSessionInvalid` if somebody was faster, or the user is gone.
    """
    user = await lock_user(uow, partial)
    await uow.partial_sessions.consume(partial.id, now)
    return user


async def lock_user(uow: UnitOfWork, partial: PartialSession) -> User:
    """Lock and return the user of a partial session; raise `PartialSessionInvalid` if gone."""
    try:
        return await uow.users.lock(partial.user_id)
    except UserNotFound:
        raise PartialSessionInvalid from None
