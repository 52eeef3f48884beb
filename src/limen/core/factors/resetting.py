"""Resets of second factors that a second administrator approves."""

from contextlib import suppress
from datetime import datetime

from limen.core.access import authorise_over, require_person
from limen.core.actor import Actor
from limen.core.errors import (
    ApprovalByAnother,
    BeyondOwnPermissions,
    FactorResetNotFound,
    PermissionMissing,
)
from limen.core.events import FactorResetApproved, FactorResetRequested, FactorResetWithdrawn
from limen.core.factors.holding import has_factors
from limen.core.factors.model import RESET_WAITS, ResetRequest
from limen.core.ids import UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import post
from limen.core.roles.model import Permission
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWork, View


async def find_reset(view: View, user_id: UserId, now: datetime) -> ResetRequest | None:
    """Return the reset of a user's factors that waits to be approved."""
    found = await view.factor_resets.find(user_id)
    return found if found is not None and found.is_live(now) else None


async def ask_for_reset(
    uow: UnitOfWork, ids: IdSource, user_id: UserId, actor: Actor, now: datetime
) -> ResetRequest | None:
    """Store what another administrator has to approve, for a locked user, and tell the user.

    One that waits already stays as it is, unless who asked for it could not do so now. Nothing
    waits for a user who has no factors.
    """
    waiting = await find_reset(uow, user_id, now)
    if waiting is not None and await _may_still_ask(uow, waiting, now):
        return waiting
    await drop_reset(uow, user_id, actor, now)
    if not await has_factors(uow, user_id):
        return None
    by, until = require_person(actor), now + RESET_WAITS
    request = ResetRequest(user_id=user_id, requested_by=by, requested_at=now, expires_at=until)
    await uow.factor_resets.put(request)
    uow.emit(FactorResetRequested(at=now, actor=actor, user_id=user_id, until=until))
    await post(uow, ids, MessageKind.FACTOR_RESET_REQUESTED, user_id, now)
    return request


async def approve_reset(uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime) -> None:
    """Use up the reset that waits for a locked user, by somebody else than who asked for it.

    Raises `FactorResetNotFound`, also where who asked could not do so now, or `ApprovalByAnother`.
    """
    request = await _waiting(uow, user_id, now)
    if actor.person_id in {request.requested_by, user_id}:
        raise ApprovalByAnother
    if not await _may_still_ask(uow, request, now):
        raise FactorResetNotFound
    await uow.factor_resets.consume(request, now)
    by = request.requested_by
    uow.emit(FactorResetApproved(at=now, actor=actor, user_id=user_id, requested_by=by))


async def withdraw_reset(uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime) -> None:
    """Take back the reset that waits for a user; raise `FactorResetNotFound` if none does."""
    request = await _waiting(uow, user_id, now)
    await uow.factor_resets.consume(request, now)
    by = request.requested_by
    uow.emit(FactorResetWithdrawn(at=now, actor=actor, user_id=user_id, requested_by=by))


async def drop_reset(uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime) -> None:
    """Withdraw what waits for a locked user, if anything does: it was asked for another state."""
    with suppress(FactorResetNotFound):
        await withdraw_reset(uow, user_id, actor, now)


async def _may_still_ask(view: View, request: ResetRequest, now: datetime) -> bool:
    """Tell whether who asked for a reset may do so now."""
    asker = Actor.anonymous().as_user(request.requested_by)
    try:
        await authorise_over(view, asker, Permission.FACTORS_RESET, request.user_id, now)
    except (PermissionMissing, BeyondOwnPermissions):
        return False
    return True


async def _waiting(uow: UnitOfWork, user_id: UserId, now: datetime) -> ResetRequest:
    request = await find_reset(uow, user_id, now)
    if request is None:
        raise FactorResetNotFound
    return request
