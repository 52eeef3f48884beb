"""Counting attempts in the shared store before their outcome is known."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from limen.core.actor import Actor
from limen.core.devices.model import digest_of_mark, read_mark
from limen.core.errors import TooManyAttempts
from limen.core.events import SignInThrottled
from limen.core.ids import UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import post
from limen.core.meter import Limit, Quota
from limen.core.states import SessionState
from limen.core.throttles.model import (
    Throttle,
    ThrottlePolicy,
    account_key,
    address_key,
    is_same_network,
    of_stranger,
    of_user,
    of_user_at,
    of_user_in_known_browser,
)
from limen.core.users.model import User
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWork

_WORTH_TELLING_SECONDS = 60


class _Bound(NamedTuple):
    """So many attempts of one kind in each window."""

    limit: Limit
    most: int
    window: timedelta


_MAIL: Final = _Bound(Limit.MAIL, 30, timedelta(minutes=15))
_ENROLMENTS: Final = _Bound(Limit.ENROLMENT, 30, timedelta(minutes=15))
_CEREMONIES: Final = _Bound(Limit.PASSKEY, 100, timedelta(minutes=15))


async def charge(
    uow: UnitOfWork,
    subject: str,
    actor: Actor,
    policy: ThrottlePolicy,
    now: datetime,
    *,
    user_id: UserId | None,
    ids: IdSource,
) -> Throttle:
    """Count one attempt against `subject`, which may be a user, and from the actor's address.

    Returns the throttle of the subject as it was before. When a wait begins that is worth telling,
    mail tells the user; the same is stored where there is none, and goes nowhere. Raises
    `TooManyAttempts`. The caller commits before checking anything.
    """
    account, *address = await uow.throttles.lock(_keys(subject, actor), now)
    charged = account.charge_account(policy, now)
    await uow.throttles.save(charged)
    bound = _Bound(Limit.SIGN_IN, policy.per_address, policy.window)
    for throttle in address:
        await _charge_network(uow, throttle, bound, actor, now)
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
        await post(uow, ids, MessageKind.SIGN_IN_LOCKED, user_id, now)
    return account


async def is_signed_in_at(
    uow: UnitOfWork, user_id: UserId, address: str | None, now: datetime
) -> bool:
    """Tell whether a user is signed in from the network of this address."""
    live = await uow.sessions.list_live(user_id, now)
    full = [session for session in live if session.state is SessionState.FULL]
    return any(is_same_network(session.address, address) for session in full)


async def subject_of(uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime) -> str:
    """Return what attempts against a user count against.

    A network where they are signed in has an allowance of its own, and so have all browsers
    together that they have signed in with, so that strangers elsewhere cannot lock them out there.
    """
    if actor.address is not None and await is_signed_in_at(uow, user_id, actor.address, now):
        return of_user_at(user_id, actor.address)
    mark = read_mark(actor.device)
    if mark is not None:
        device = digest_of_mark(user_id, mark)
        if await uow.devices.find(user_id, device) is not None:
            return of_user_in_known_browser(user_id)
    return of_user(user_id)


async def places_of(uow: UnitOfWork, user_id: UserId, now: datetime) -> set[str]:
    """Return everything that attempts against a user may count against now, but factors."""
    places = {of_user(user_id), of_user_in_known_browser(user_id)}
    for session in await uow.sessions.list_live(user_id, now):
        if session.address is not None:
            places.add(of_user_at(user_id, session.address))
    return places


async def forget_attempts(uow: UnitOfWork, user_id: UserId, now: datetime) -> None:
    """Forget the attempts against a user, wherever they are; before their sessions are ended."""
    for place in sorted(await places_of(uow, user_id, now)):
        await uow.throttles.clear(account_key(place))


async def unlock(uow: UnitOfWork, user_id: UserId, actor: Actor) -> None:
    """Forget the attempts that keep a user waiting where they proved otherwise that it is them."""
    places = {of_user(user_id), of_user_in_known_browser(user_id)}
    if actor.address is not None:
        places.add(of_user_at(user_id, actor.address))
    for place in sorted(places):
        await uow.throttles.clear(account_key(place))


async def clear(uow: UnitOfWork, subject: str, actor: Actor, now: datetime) -> None:
    """Forget the attempts against a user who came through, and forgive this one's address."""
    account, *address = await uow.throttles.lock(_keys(subject, actor), now)
    await uow.throttles.clear(account.key)
    for throttle in address:
        await uow.throttles.save(throttle.forgiven())
    _give_back(actor)


async def take_over(uow: UnitOfWork, user: User, now: datetime) -> None:
    """Let attempts count against a new user that were made at their names before.

    Otherwise whoever tried a name, and registers it, would see whether there was an account.
    """
    names = [user.email.key, *([user.username.key] if user.username else ())]
    keys = [account_key(of_stranger(name, name)) for name in names]
    mine, *theirs = await uow.throttles.lock([account_key(of_user(user.id)), *keys], now)
    most = max(theirs, key=lambda throttle: throttle.attempts)
    for throttle in theirs:
        await uow.throttles.clear(throttle.key)
    if most.attempts:
        await uow.throttles.save(replace(most, key=mine.key))
    else:
        await uow.throttles.clear(mine.key)


async def forgive(uow: UnitOfWork, subject: str, actor: Actor, now: datetime) -> None:
    """Take back an attempt that could not be judged."""
    for throttle in await uow.throttles.lock(_keys(subject, actor), now):
        await uow.throttles.save(throttle.forgiven())
    _give_back(actor)


async def charge_registration(
    uow: UnitOfWork, actor: Actor, most: int, window: timedelta, now: datetime
) -> None:
    """Count one registration from the actor's address, and the mail that it asks for.

    Raises `TooManyAttempts` beyond `most`, or for too much mail.
    """
    if actor.address is not None:
        names = [address_key(actor.address, "registration"), address_key(actor.address, "mail")]
        registration, mail = await uow.throttles.lock(names, now)
        bound = _Bound(Limit.REGISTRATION, most, window)
        await _charge_network(uow, registration, bound, actor, now)
        await _charge_network(uow, mail, _MAIL, actor, now)


async def charge_wrong_key(
    uow: UnitOfWork, actor: Actor, most: int, window: timedelta, now: datetime
) -> None:
    """Count one wrong API key from the actor's address; raise `TooManyAttempts` beyond `most`."""
    if actor.address is not None:
        (throttle,) = await uow.throttles.lock([address_key(actor.address, "api key")], now)
        await _charge_network(uow, throttle, _Bound(Limit.API_KEY, most, window), actor, now)


async def charge_mail(uow: UnitOfWork, actor: Actor, now: datetime) -> None:
    """Count one request for mail from the actor's address; raise `TooManyAttempts` for too many."""
    if actor.address is not None:
        (throttle,) = await uow.throttles.lock([address_key(actor.address, "mail")], now)
        await _charge_network(uow, throttle, _MAIL, actor, now)


async def charge_ceremony(uow: UnitOfWork, actor: Actor, now: datetime) -> None:
    """Count one question to an authenticator from the actor's address; raise `TooManyAttempts`.

    Each lies in the store until it is answered or over.
    """
    if actor.address is not None:
        (throttle,) = await uow.throttles.lock([address_key(actor.address, "ceremony")], now)
        await _charge_network(uow, throttle, _CEREMONIES, actor, now)


async def charge_enrolment(uow: UnitOfWork, actor: Actor, now: datetime) -> None:
    """Count one secret made for an app from the actor's address; raise `TooManyAttempts`.

    Each is an event, and a picture to draw.
    """
    if actor.address is not None:
        (throttle,) = await uow.throttles.lock([address_key(actor.address, "enrolment")], now)
        await _charge_network(uow, throttle, _ENROLMENTS, actor, now)


def _keys(subject: str, actor: Actor) -> list[str]:
    keys = [account_key(subject)]
    if actor.address is not None:
        keys.append(address_key(actor.address))
    return keys


async def _charge_network(
    uow: UnitOfWork, throttle: Throttle, bound: _Bound, actor: Actor, now: datetime
) -> None:
    """Count an attempt of a network, and note for the caller what is left to it."""
    try:
        charged = throttle.charge_window(bound.most, bound.window, now)
    except TooManyAttempts:
        _note(throttle, bound, actor, now)
        raise
    await uow.throttles.save(charged)
    _note(charged, bound, actor, now)


def _note(throttle: Throttle, bound: _Bound, actor: Actor, now: datetime) -> None:
    if actor.meter is not None:
        actor.meter.note(
            Quota(
                limit=bound.limit,
                most=bound.most,
                window=bound.window,
                left=max(bound.most - throttle.attempts, 0),
                ends_in=throttle.since + bound.window - now,
            )
        )


def _give_back(actor: Actor) -> None:
    if actor.meter is not None:
        actor.meter.give_back(Limit.SIGN_IN)
