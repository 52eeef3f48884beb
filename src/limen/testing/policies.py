"""Everything an operator could decide, for a limen in tests."""

from dataclasses import dataclass, field

from limen.core.api_keys.model import ApiKeyPolicy
from limen.core.keys.model import KeyPolicy
from limen.core.maintenance.service import RetentionPolicy
from limen.core.messages.composing import LinkPolicy
from limen.core.passkeys.model import PasskeyPolicy
from limen.core.passwords.model import PasswordPolicy
from limen.core.sessions.denial import DenialPolicy
from limen.core.sessions.model import SessionPolicy
from limen.core.signin.levels import FactorPolicy
from limen.core.signin.policy import SignInPolicy
from limen.core.throttles.model import ThrottlePolicy
from limen.core.tokens.model import TokenPolicy
from limen.core.users.model import UserPolicy
from limen.testing.passkeys import POLICY


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Everything an operator could decide; the defaults are limen's own."""

    users: UserPolicy = field(default_factory=UserPolicy)
    passwords: PasswordPolicy = field(default_factory=PasswordPolicy)
    throttle: ThrottlePolicy = field(default_factory=ThrottlePolicy)
    sessions: SessionPolicy = field(default_factory=SessionPolicy)
    factors: FactorPolicy = field(default_factory=FactorPolicy)
    denial: DenialPolicy = field(default_factory=DenialPolicy)
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    api_keys: ApiKeyPolicy = field(default_factory=ApiKeyPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    links: LinkPolicy = field(
        default_factory=lambda: LinkPolicy(template="https://app.example.org/{purpose}#{token}")
    )
    passkeys: PasskeyPolicy = POLICY
    tokens: TokenPolicy = field(
        default_factory=lambda: TokenPolicy(issuer="https://id.example.org", audience="limen")
    )

    sends_device_mail: bool = True

    @property
    def sign_in(self) -> SignInPolicy:
        """Everything about signing in."""
        return SignInPolicy(
            users=self.users,
            throttle=self.throttle,
            sessions=self.sessions,
            factors=self.factors,
        )
