"""Counting attempts in the shared store before their outcome is known."""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.events import SignInThrottled
from limen.core.ids import UserId
from limen.core.signin.model import ThrottlePolicy, account_key, address_key
from limen.ports.unit_of_work import UnitOfWork

_WORTH_TELLING_SECONDS = 60


async def charge(
    uow: UnitOfWork,
    subject: UserId | str,
    actor: Actor,
    policy: ThrottlePolicy,
    now: datetime,
) -> None:
    """Count one attempt against `subject` and from the actor's address.

    `subject` is the user, or what was typed where there is no such user. Raises `TooManyAttempts`.
    The caller commits before checking anything.
    """
    account, *address = await uow.throttles.lock(_keys(subject, actor), now)
    charged = account.charge_account(policy, now)
    await uow.throttles.save(charged)
    for throttle in address:
        await uow.throttles.save(throttle.charge_address(policy, now))
    until = charged.blocked_until
    if until is not None and (until - now).total_seconds() >= _WORTH_TELLING_SECONDS:
        uow.emit(
            SignInThrottled(
                at=now,
                actor=actor,
                user_id=None if isinstance(subject, str) else subject,
                attempts=charged.attempts,
                until=until,
            )
        )


async def clear(uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime) -> None:
    """Forget the attempts against a user who came through, and forgive this one's address."""
    account, *address = await uow.throttles.lock(_keys(user_id, actor), now)
    await uow.throttles.clear(account.key)
    for throttle in address:
        await uow.throttles.save(throttle.forgiven())


async def forgive(uow: UnitOfWork, subject: UserId | str, actor: Actor, now: datetime) -> None:
    """Take back an attempt that could not be judged."""
    for throttle in await uow.throttles.lock(_keys(subject, actor), now):
        await uow.throttles.save(throttle.forgiven())


def _keys(subject: UserId | str, actor: Actor) -> list[str]:
    keys = [account_key(str(subject))]
    if actor.address is not None:
        keys.append(address_key(actor.address))
    return keys
