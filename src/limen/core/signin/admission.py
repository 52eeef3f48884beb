"""The one decision that every way in passes: may this user come in at all?"""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.errors import LimenError
from limen.core.events import SignInFailed, SignInFailure
from limen.core.signin.policy import SignInPolicy
from limen.core.users.model import Status, User, UserPolicy
from limen.ports.families import Standing
from limen.ports.unit_of_work import UnitOfWork

_BY_STATUS = {Status.PENDING: SignInFailure.PENDING, Status.SUSPENDED: SignInFailure.SUSPENDED}


def reason_to_refuse(
    user: User, policy: UserPolicy, *, is_by_key: bool = False
) -> SignInFailure | None:
    """Return why `user` may not come in, or `None` if they may.

    By an API key a service account may, too, which has no address to prove.
    """
    if not user.is_person and not is_by_key:
        return SignInFailure.NOT_A_PERSON
    if user.status is not Status.ACTIVE:
        return _BY_STATUS[user.status]
    if user.is_person and user.email_verified_at is None and not policy.allows_unverified_sign_in:
        return SignInFailure.UNVERIFIED
    return None


async def let_in(
    uow: UnitOfWork,
    user: User,
    policy: UserPolicy,
    actor: Actor,
    now: datetime,
    *,
    refusal: type[LimenError],
) -> None:
    """Raise `refusal` if `user` may not come in; why is recorded, and this much committed."""
    reason = reason_to_refuse(user, policy)
    if reason is None:
        return
    uow.emit(SignInFailed(at=now, actor=actor, user_id=user.id, reason=reason))
    await uow.commit()
    raise refusal


def may_go_on(standing: Standing, policy: SignInPolicy, now: datetime) -> bool:
    """Tell whether a session lives, and its user might still come in as they did."""
    return (
        standing.session.is_live(now)
        and reason_to_refuse(standing.user, policy.users) is None
        and not policy.lacks_factor(standing.session, standing.roles)
    )
