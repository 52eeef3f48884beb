"""How much mail may be asked for, so that nobody's post is filled by strangers.

Whoever asks is told nothing: what is too much is not sent.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from limen.core.errors import TooManyAttempts
from limen.core.messages.model import MessageKind
from limen.core.throttles.charging import is_signed_in_at
from limen.core.throttles.model import of_network
from limen.core.users.model import Email, User
from limen.ports.unit_of_work import UnitOfWork

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
# How many a day of what strangers can have told, which needs no answer.
_TOLD: Final = {
    MessageKind.SIGN_IN_LOCKED: 1,
    MessageKind.EMAIL_TAKEN: 1,
    MessageKind.NEW_DEVICE: 5,
}


class _Limit(NamedTuple):
    """So many mails of one subject in each window."""

    subject: str
    most: int
    window: timedelta


async def allow(
    uow: UnitOfWork,
    kind: MessageKind,
    user: User,
    to: Email,
    now: datetime,
    *,
    asked_from: str | None,
) -> bool:
    """Count one more mail of this kind to an address; tell whether it is not one too many.

    From one network five an hour of one kind may be asked for, and of all kinds ten an hour and
    twenty a day; from all together twenty an hour and fifty a day. A network where the user is
    signed in has an allowance of its own for mail to the address they proved: strangers elsewhere
    cannot use it up. That attempts have to wait, or that somebody registered the address again, is
    told once a day, new devices five times.
    """
    is_theirs = user.email_verified_at is not None and to.key == user.email.key
    is_at_home = is_theirs and await is_signed_in_at(uow, user.id, asked_from, now)
    network = f"from {of_network(asked_from)}"
    limits = [_Limit(f"{kind} {to.key} {network} {is_at_home}", 5, _HOUR)]
    if not is_at_home:
        limits += [
            _Limit(f"{to.key} {network} hour", 10, _HOUR),
            _Limit(f"{to.key} {network} day", 20, _DAY),
            _Limit(f"{to.key} hour", 20, _HOUR),
            _Limit(f"{to.key} day", 50, _DAY),
        ]
    if kind in _TOLD:
        limits = [_Limit(f"{kind} {to.key}", _TOLD[kind], _DAY)]
    throttles = await uow.throttles.lock([_key(limit) for limit in limits], now)
    try:
        charged = [
            throttle.charge_window(limit.most, limit.window, now)
            for throttle, limit in zip(throttles, limits, strict=True)
        ]
    except TooManyAttempts:
        return False
    for throttle in charged:
        await uow.throttles.save(throttle)
    return True


def _key(limit: _Limit) -> str:
    return "mail:" + hashlib.sha256(limit.subject.encode()).hexdigest()
