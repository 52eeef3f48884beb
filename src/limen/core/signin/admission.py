"""The one decision that every way in passes: may this user come in at all?"""

from datetime import datetime

from limen.core.events import SignInFailure
from limen.core.signin.policy import SignInPolicy
from limen.core.users.model import Status, User, UserPolicy
from limen.ports.families import Standing

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


def may_go_on(standing: Standing, policy: SignInPolicy, now: datetime) -> bool:
    """Tell whether a session lives, and its user might still come in as they did."""
    return (
        standing.session.is_live(now)
        and reason_to_refuse(standing.user, policy.users) is None
        and not policy.factors.lacks_factor(standing.session, standing.roles)
    )
