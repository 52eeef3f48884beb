"""Counting attempts in the shared store before their outcome is known."""

from datetime import datetime, timedelta
from typing import Final

from limen.core.actor import Actor
from limen.core.events import SignInThrottled
from limen.core.ids import UserId
from limen.core.signin.model import ThrottlePolicy, account_key, address_key
from limen.ports.unit_of_work import UnitOfWork

_WORTH_TELLING_SECONDS = 60
_MOST_MAILS: Final = 30
_MAIL_WINDOW: Final = timedelta(minutes=15)


async def charge(
    uow: UnitOfWork,
    subject: str,
    actor: Actor,
    policy: ThrottlePolicy,
    now: datetime,
    *,
    user_id: UserId | None,
) -> None:
    """Count one attempt against `subject`, which may be a user, and from the actor's address.

    Raises `TooManyAttempts`. The caller commits before checking anything.
    """
    account, *address = await uow.throttles.lock(_keys(subject, actor), now)
    charged = account.charge_account(policy, now)
    await uow.throttles.save(charged)
    for throttle in address:
        await uow.throttles.save(throttle.charge_window(policy.per_address, policy.window, now))
    until = charged.blocked_until
    if until is not None and (until - now).total_seconds() >= _WORTH_TELLING_SECONDS:
        uow.emit(
            SignInThrottled(
                at=now,
                actor=actor,
                user_id=user_id,
                attempts=charged.attempts,
                until=until,
            )
        )


async def clear(uow: UnitOfWork, subject: str, actor: Actor, now: datetime) -> None:
    """Forget the attempts against a user who came through, and forgive this one's address."""
    account, *address = await uow.throttles.lock(_keys(subject, actor), now)
    await uow.throttles.clear(account.key)
    for throttle in address:
        await uow.throttles.save(throttle.forgiven())


async def forgive(uow: UnitOfWork, subject: str, actor: Actor, now: datetime) -> None:
    """Take back an attempt that could not be judged."""
    for throttle in await uow.throttles.lock(_keys(subject, actor), now):
        await uow.throttles.save(throttle.forgiven())


async def charge_registration(
    uow: UnitOfWork, actor: Actor, most: int, window: timedelta, now: datetime
) -> None:
    """Count one registration from the actor's address; raise `TooManyAttempts` beyond `most`."""
    if actor.address is not None:
        key = address_key(actor.address, "registration")
        (throttle,) = await uow.throttles.lock([key], now)
        await uow.throttles.save(throttle.charge_window(most, window, now))


async def charge_mail(uow: UnitOfWork, actor: Actor, now: datetime) -> None:
    """Count one request for mail from the actor's address; raise `TooManyAttempts` for too many."""
    if actor.address is not None:
        (throttle,) = await uow.throttles.lock([address_key(actor.address, "mail")], now)
        await uow.throttles.save(throttle.charge_window(_MOST_MAILS, _MAIL_WINDOW, now))


def _keys(subject: str, actor: Actor) -> list[str]:
    keys = [account_key(subject)]
    if actor.address is not None:
        keys.append(address_key(actor.address))
    return keys
