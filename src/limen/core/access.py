"""Who may: checks against what the store holds now, not against what a token said earlier."""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.errors import (
    LastAdministrator,
    NotByKey,
    NotSignedIn,
    SessionEnded,
    StepUpNeeded,
    UserNotFound,
)
from limen.core.ids import SessionId, UserId
from limen.core.roles.model import (
    ADMIN,
    ME_READ,
    OWN,
    Permission,
    Role,
    allowed_to_keys,
    permissions_of,
    refuse_beyond,
    refuse_more_by_key,
    require,
)
from limen.core.sessions.model import Session
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, View


async def authorise(
    view: View, actor: Actor, permission: Permission, now: datetime
) -> frozenset[str]:
    """Return what the actor may do, which includes `permission`.

    Raises `NotSignedIn`, `PermissionMissing`, or `StepUpNeeded` of who is merely identified. The
    operator's own code may do everything; an API key may do what its scopes name, for as long as
    its owner may.
    """
    if actor.is_system:
        return OWN
    if actor.user_id is None:
        raise NotSignedIn
    if actor.is_identified:
        raise StepUpNeeded
    held = permissions_of(await view.grants.list_held(actor.user_id, now))
    if actor.is_key:
        held = allowed_to_keys(actor.scopes, held)
    require(permission, held)
    return held


async def authorise_over(
    view: View, actor: Actor, permission: Permission, user_id: UserId, now: datetime
) -> frozenset[str]:
    """Return what the actor may do, which includes `permission` over that user.

    Nobody reaches a user who may do more than they themselves: raises `BeyondOwnPermissions`. A key
    never reaches its owner: raises `NotByKey`.
    """
    held = await authorise(view, actor, permission, now)
    if actor.is_key and actor.user_id == user_id:
        raise NotByKey
    if actor.is_system or actor.owns(user_id):
        return held
    refuse_beyond(held, permissions_of(await _granted(view, user_id, now)))
    return held


async def refuse_key_beyond(
    view: View, held: frozenset[str], user_id: UserId, now: datetime
) -> None:
    """Raise `BeyondOwnPermissions` if a user may do more than a key that holds `held`, anywhere."""
    refuse_more_by_key(held, permissions_of(await _granted(view, user_id, now)))


async def _granted(view: View, user_id: UserId, now: datetime) -> tuple[Role, ...]:
    """Return the roles a user was given, whether they may use them now or not."""
    names = {grant.role for grant in await view.grants.list(user_id) if grant.is_live(now)}
    if not names:
        return ()
    return tuple(role for role in await view.roles.list() if role.name in names)


def may_see(actor: Actor, user_id: UserId) -> bool:
    """Tell whether the actor may see this account for being it, or a key of it that may."""
    is_own_key = actor.is_key and actor.user_id == user_id and ME_READ in actor.scopes
    return is_own_key or actor.is_known_as(user_id)


def require_person(actor: Actor) -> UserId:
    """Return who is here; raise `NotByKey` for an API key, `NotSignedIn` for anybody else.

    Raises `StepUpNeeded` of who is merely identified.
    """
    if actor.is_key:
        raise NotByKey
    if actor.is_identified:
        raise StepUpNeeded
    if actor.person_id is None:
        raise NotSignedIn
    return actor.person_id


def require_session(actor: Actor) -> tuple[UserId, SessionId]:
    """Return who is here and in which session; raise as `require_person` does."""
    user_id = require_person(actor)
    if actor.session_id is None:
        raise NotSignedIn
    return user_id, actor.session_id


def require_any_session(actor: Actor) -> tuple[UserId, SessionId]:
    """Return who is here or is merely identified, and in which session.

    For what proves who one is, and for signing out. Raises `NotByKey` or `NotSignedIn`.
    """
    if actor.is_identified and actor.user_id is not None and actor.session_id is not None:
        return actor.user_id, actor.session_id
    return require_session(actor)


async def require_fresh(view: View, actor: Actor, now: datetime) -> None:
    """Check that the actor has proved lately who they are, in the session they act in.

    It guards what could take an account from its owner. Raises `NotSignedIn`, `NotByKey`,
    `SessionEnded`, or `StepUpNeeded` also for an actor without a session, or with an access token
    from before they proved themselves last. The operator's own code need not.
    """
    if actor.is_system:
        return
    user_id = require_person(actor)
    if actor.session_id is None:
        raise StepUpNeeded
    session = await view.sessions.find(actor.session_id)
    if session is None or session.user_id != user_id or not session.is_live(now):
        raise SessionEnded
    if not session.is_fresh(now) or _is_outdated(actor, session):
        raise StepUpNeeded


def _is_outdated(actor: Actor, session: Session) -> bool:
    """Tell whether what the actor shows is from before the session rose; it has whole seconds."""
    shown = actor.authenticated_at
    return shown is not None and shown < session.authenticated_at.replace(microsecond=0)


async def lock_fresh(uow: UnitOfWork, actor: Actor, now: datetime) -> User:
    """Lock and return the acting user; raise as `require_fresh` does.

    Their session is looked at behind the lock: whoever takes the account over ends it within one.
    """
    try:
        user = await uow.users.lock(require_person(actor))
    except UserNotFound as gone:
        raise SessionEnded from gone
    await require_fresh(uow, actor, now)
    return user


async def require_fresh_person(view: View, actor: Actor, now: datetime) -> None:
    """Check as `require_fresh` does, but of people alone: a key is proved at every use."""
    if not actor.is_key:
        await require_fresh(view, actor, now)


async def keep_an_administrator(uow: UnitOfWork, user_id: UserId, now: datetime) -> None:
    """Raise `LastAdministrator` if without this user there would be none.

    It makes everybody wait who might take another administrator away at the same time. Whoever
    locks the user too calls `roles.lock_administrators` before that.
    """
    await uow.roles.lock_administrators()
    held = await uow.grants.list_held(user_id, now)
    if all(role.name != ADMIN for role in held):
        return
    if await uow.grants.count_administrators(besides=user_id) == 0:
        raise LastAdministrator
