"""The settings of one limen, by group, and the policies they make for the core."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from limen.core.api_keys.model import ApiKeyPolicy
from limen.core.keys.model import Algorithm, KeyPolicy
from limen.core.messages.composing import LinkPolicy
from limen.core.passkeys.model import PasskeyPolicy
from limen.core.passwords.model import PasswordPolicy
from limen.core.secret import Secret
from limen.core.sessions.denial import DenialPolicy
from limen.core.sessions.model import SessionPolicy
from limen.core.signin.levels import FactorPolicy
from limen.core.signin.policy import SignInPolicy
from limen.core.throttles.model import ThrottlePolicy
from limen.core.tokens.model import TokenPolicy
from limen.core.users.model import Email, UserPolicy
from limen.wiring.choices import (
    Environment,
    ForeignHash,
    LogFormat,
    LogLevel,
    PasswordHash,
    Registration,
)
from limen.wiring.forms import Network, SmtpUrl, sqlite_path

# A token may live on for as long as clocks may differ and a request may take.
_AFTER_EXPIRY: Final = timedelta(minutes=1)


class Store(StrEnum):
    """The kinds of store, by the scheme of the database URL."""

    MEMORY = "memory"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


_STORES: Final = {store.value: store for store in Store} | {"postgres": Store.POSTGRESQL}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Where everything is kept; the URL may hold a password."""

    url: Secret[str]
    pool_size: int

    @property
    def store(self) -> Store:
        """The kind of store."""
        return _STORES[self.url.reveal().partition(":")[0]]

    @property
    def sqlite_path(self) -> Path | None:
        """The file of an SQLite database."""
        if self.store is not Store.SQLITE:
            return None
        return sqlite_path(self.url.reveal())


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How HTTP is served. No allowed hosts means any; `public_url` ends without a slash."""

    host: str
    port: int
    public_url: str
    trusted_proxies: tuple[Network, ...]
    allowed_hosts: tuple[str, ...]
    cors_origins: tuple[str, ...]

    @property
    def is_secure(self) -> bool:
        """Whether people reach limen by https."""
        return self.public_url.startswith("https:")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeySettings:
    """For whom passkeys are good; `origins` are all of them, that of the public URL too."""

    rp_id: str
    rp_name: str
    origins: tuple[str, ...]

    @property
    def policy(self) -> PasskeyPolicy:
        """For whom passkeys are good."""
        return PasskeyPolicy(rp_id=self.rp_id, rp_name=self.rp_name, origins=self.origins)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How log lines are written, and from which level on."""

    format: LogFormat
    level: LogLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapSettings:
    """The first administrator."""

    admin_email: Email | None
    admin_password: Secret[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSettings:
    """What passwords must be and how they are hashed."""

    min_length: int
    hash: PasswordHash
    foreign: tuple[ForeignHash, ...]
    bcrypt_cost: int
    hashing_threads: int
    hashing_queue: int

    @property
    def policy(self) -> PasswordPolicy:
        """What a new password must be."""
        return PasswordPolicy(min_length=self.min_length)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerSettings:
    """The former system that still has passwords, and what proves limen to it."""

    url: str | None
    token: Secret[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSettings:
    """The secret key, if one was given, and former ones."""

    key: Secret[bytes] | None
    old_keys: tuple[Secret[bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """Who issues access tokens for whom, how they are signed and how long they live."""

    issuer: str
    audience: str
    algorithm: Algorithm
    access_seconds: int

    @property
    def policy(self) -> TokenPolicy:
        """What access tokens say and when they hold."""
        return TokenPolicy(
            issuer=self.issuer,
            audience=self.audience,
            access_lifetime=timedelta(seconds=self.access_seconds),
        )

    @property
    def key_policy(self) -> KeyPolicy:
        """What new signing keys are, and how long replaced ones verify."""
        return KeyPolicy(algorithm=self.algorithm, verifies=self._longest_life)

    @property
    def denial_policy(self) -> DenialPolicy:
        """How long the end of a session is remembered."""
        return DenialPolicy(memory=self._longest_life)

    @property
    def _longest_life(self) -> timedelta:
        return timedelta(seconds=self.access_seconds) + _AFTER_EXPIRY


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How many days sessions last: without use, and at the very most; and browsers after them."""

    idle_days: int
    absolute_days: int
    remember_days: int

    @property
    def policy(self) -> SessionPolicy:
        """How long sessions last."""
        return SessionPolicy(
            idle=timedelta(days=self.idle_days),
            absolute=timedelta(days=self.absolute_days),
            remembered=timedelta(days=self.remember_days),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """Who may have an account and sign in with it."""

    registration: Registration
    unverified_sign_in: bool

    @property
    def policy(self) -> UserPolicy:
        """What the operator decides about accounts."""
        return UserPolicy(
            is_registration_open=self.registration is Registration.OPEN,
            allows_unverified_sign_in=self.unverified_sign_in,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleSettings:
    """How often one may try."""

    per_address: int

    @property
    def policy(self) -> ThrottlePolicy:
        """How attempts are slowed down."""
        return ThrottlePolicy(per_address=self.per_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorSettings:
    """Who shows a second factor, and under which name authenticator apps show accounts."""

    enabled: bool
    required_for: tuple[str, ...]
    reset_approval: bool
    issuer: str

    @property
    def policy(self) -> FactorPolicy:
        """Who shows a second factor."""
        return FactorPolicy(
            is_on=self.enabled,
            required_for=frozenset(self.required_for),
            needs_approval=self.reset_approval,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeySettings:
    """For how many days API keys may live at most."""

    max_days: int | None

    @property
    def policy(self) -> ApiKeyPolicy:
        """What API keys may be."""
        longest = None if self.max_days is None else timedelta(days=self.max_days)
        return ApiKeyPolicy(longest_life=longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Who takes mail, from whom it comes, what it looks like and where its links lead."""

    smtp_url: SmtpUrl | None
    sender: Email | None
    templates: Path | None
    locale: str
    new_device: bool
    link_url: str

    @property
    def links(self) -> LinkPolicy:
        """Where links lead, and the language of those who said none."""
        return LinkPolicy(template=self.link_url, locale=self.locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator decides. `origins` tells where each setting came from, by name."""

    environment: Environment
    data_dir: Path
    database: DatabaseSettings
    http: HttpSettings
    passkey: PasskeySettings
    log: LogSettings
    bootstrap: BootstrapSettings
    password: PasswordSettings
    former: FormerSettings
    secret: SecretSettings
    token: TokenSettings
    session: SessionSettings
    account: AccountSettings
    throttle: ThrottleSettings
    factors: FactorSettings
    api_key: ApiKeySettings
    mail: MailSettings
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_production(self) -> bool:
        """Whether convenience must give way."""
        return self.environment is Environment.PRODUCTION

    @property
    def sign_in_policy(self) -> SignInPolicy:
        """Everything an operator decides about signing in."""
        return SignInPolicy(
            users=self.account.policy,
            throttle=self.throttle.policy,
            sessions=self.session.policy,
            factors=self.factors.policy,
        )
