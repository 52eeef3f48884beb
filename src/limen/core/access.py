"""Who may: checks against what the store holds now, not against what a token said earlier."""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.errors import LastAdministrator, NotSignedIn, SessionEnded, StepUpNeeded
from limen.core.ids import UserId
from limen.core.roles.model import (
    ADMIN,
    OWN,
    Permission,
    permissions_of,
    refuse_beyond,
    require,
)
from limen.ports.unit_of_work import UnitOfWork, View


async def authorise(
    view: View, actor: Actor, permission: Permission, now: datetime
) -> frozenset[str]:
    """Return what the actor may do, which includes `permission`.

    Raises `NotSignedIn` or `PermissionMissing`. The operator's own code may do everything.
    """
    if actor.is_system:
        return OWN
    if actor.user_id is None:
        raise NotSignedIn
    held = permissions_of(await view.grants.list_held(actor.user_id, now))
    require(permission, held)
    return held


async def authorise_over(
    view: View, actor: Actor, permission: Permission, user_id: UserId, now: datetime
) -> None:
    """Check that the actor may do this to that user.

    Nobody reaches a user who may do more than they themselves: raises `BeyondOwnPermissions`.
    """
    held = await authorise(view, actor, permission, now)
    if actor.is_system or actor.owns(user_id):
        return
    granted = {grant.role for grant in await view.grants.list(user_id) if grant.is_live(now)}
    if granted:
        roles = [role for role in await view.roles.list() if role.name in granted]
        refuse_beyond(held, permissions_of(roles))


async def require_fresh(view: View, actor: Actor, now: datetime) -> None:
    """Check that the actor has proved lately who they are, in the session they act in.

    It guards what could take an account from its owner. Raises `NotSignedIn`, `SessionEnded`, or
    `StepUpNeeded` also for an actor without a session. The operator's own code need not.
    """
    if actor.is_system:
        return
    if actor.user_id is None:
        raise NotSignedIn
    if actor.session_id is None:
        raise StepUpNeeded
    session = await view.sessions.find(actor.session_id)
    if session is None or session.user_id != actor.user_id or not session.is_live(now):
        raise SessionEnded
    if not session.is_fresh(now):
        raise StepUpNeeded


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
