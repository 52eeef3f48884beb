"""Everything an operator decides about signing in."""

from collections.abc import Collection
from dataclasses import dataclass, field

from limen.core.sessions.model import Session, SessionPolicy
from limen.core.signin.levels import MULTI_FACTOR, FactorPolicy
from limen.core.states import SessionState
from limen.core.throttles.model import ThrottlePolicy
from limen.core.users.model import UserPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPolicy:
    """Who may sign in, how often one may try, and how long a sign-in lasts."""

    users: UserPolicy
    throttle: ThrottlePolicy
    sessions: SessionPolicy
    factors: FactorPolicy = field(default_factory=FactorPolicy)

    def lacks_factor(self, session: Session, roles: Collection[str]) -> bool:
        """Tell whether the user of a session must show a second factor, and did not.

        Who was given a role that needs one, or whose operator asks for one now, signs in again.
        """
        is_asked = self.factors.is_on and self.factors.requires(roles)
        # One that is merely identified lacks every proof, and is good for none of what they allow.
        is_asked &= session.state is SessionState.FULL
        return is_asked and MULTI_FACTOR not in session.methods
