"""What becomes of an account when its address is proved, or another one takes its place."""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.api_keys.model import ApiKeyEnd
from limen.core.errors import NotSignedIn, UserNotFound
from limen.core.events import EmailVerified, UserDisplaced, UserTakenOver
from limen.core.factors.holding import has_factors, remove_factors
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import post
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.users.model import Email, Status, User
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWork


async def prove_address(
    uow: UnitOfWork, user: User, actor: Actor, now: datetime, *, is_maker: bool
) -> User:
    """Take the address of a locked user for proved, and store that.

    An account may have been made with an address that is somebody else's, to wait in it until they
    come. So unless whoever proves the address `is_maker`, who knows its password or is signed in
    with it, everything one could come in by goes: the password, all sessions, links, codes and API
    keys, and whatever second factors would keep its owner out.

    An account that was ever proved, or is used, has its owner. Where somebody put another address
    in place of theirs, only the maker proves that: raises `NotSignedIn` for anybody else.
    """
    if user.email_verified_at is not None:
        return user
    if not (is_maker or user.may_be_entered_by_mail):
        raise NotSignedIn
    verified = user.verified(now)
    await uow.users.save(verified)
    uow.emit(EmailVerified(at=now, actor=actor, user_id=user.id))
    if not is_maker:
        await uow.passwords.remove(user.id)
        await remove_factors(uow, user.id)
        await end_everything(uow, user.id, actor, now, EndReason.TAKEN_OVER)
        await uow.api_keys.end(user.id, now, ApiKeyEnd.TAKEN_OVER)
        await uow.devices.remove(user.id)
        uow.emit(UserTakenOver(at=now, actor=actor, user_id=user.id))
    return verified


async def displace(uow: UnitOfWork, email: Email, actor: Actor, now: datetime) -> None:
    """Remove the account that has an address which somebody else has proved, if it never was there.

    The first proof wins. An account that somebody gave a role is nobody's trap, and stays; so does
    one that an administrator shut out.
    """
    found = await uow.users.find(email)
    if found is None:
        return
    try:
        holder = await uow.users.lock(found.id)
    except UserNotFound:
        return
    is_kept = holder.has_owner or holder.status is Status.SUSPENDED
    if is_kept or holder.email.key != email.key:
        return
    if any(grant.is_live(now) for grant in await uow.grants.list(holder.id)):
        return
    await uow.sessions.end(holder.id, now, EndReason.TAKEN_OVER)
    await uow.users.remove(holder.id)
    uow.emit(UserDisplaced(at=now, actor=actor, user_id=holder.id))


async def keep_for_owner(uow: UnitOfWork, user: User, now: datetime) -> User:
    """Return a locked user who has another address, which nobody is to take the account by.

    One without a password and a factor is entered by mail alone, so it stays open to that.
    """
    is_used = await uow.passwords.find(user.id) is not None or await has_factors(uow, user.id)
    return user.owned(now) if is_used else user


async def leave_address(
    uow: UnitOfWork, ids: IdSource, before: User, actor: Actor, now: datetime
) -> None:
    """End what an account was reached by at the address that it has no more.

    All sessions but the actor's own end, and all links, codes and pending changes. Whoever proved
    the former address is told there.
    """
    kept = actor.session_id if actor.owns(before.id) else None
    await end_everything(uow, before.id, actor, now, EndReason.EMAIL_CHANGED, keep=kept)
    if before.email_verified_at is not None:
        to = before.email.address
        await post(uow, ids, MessageKind.EMAIL_CHANGED, before.id, now, to=to)
