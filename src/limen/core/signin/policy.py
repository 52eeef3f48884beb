"""Everything an operator decides about signing in."""

from dataclasses import dataclass, field

from limen.core.sessions.model import SessionPolicy
from limen.core.signin.levels import FactorPolicy
from limen.core.throttles.model import ThrottlePolicy
from limen.core.users.model import UserPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPolicy:
    """Who may sign in, how often one may try, and how long a sign-in lasts."""

    users: UserPolicy
    throttle: ThrottlePolicy
    sessions: SessionPolicy
    factors: FactorPolicy = field(default_factory=FactorPolicy)
