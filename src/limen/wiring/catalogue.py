"""Every setting there is. Settings, `limen config`, the reference and the tests are made of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from limen.core.keys.model import Algorithm
from limen.wiring import forms
from limen.wiring.choices import (
    Environment,
    ForeignHash,
    LogFormat,
    LogLevel,
    PasswordHash,
    Registration,
)
from limen.wiring.forms import Form, choice, several, whole

PREFIX: Final = "LIMEN_"
CONFIG: Final = "LIMEN_CONFIG"
FILE_SUFFIX: Final = "_FILE"
DEFAULT_CONFIG: Final = "limen.toml"


class Shown(StrEnum):
    """How much of a value may be shown: all, a URL without its password, or nothing."""

    PLAIN = "plain"
    URL = "url"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting.

    `name` is the environment variable, `key` the place both in `limen.toml` and in `Settings`
    (`http.port`). Without a `default`, `otherwise` says what holds. What is not shown in full can
    also be given as `<name>_FILE`, a path; what is never shown cannot stand in `limen.toml`.
    """

    name: str
    key: str
    form: Form
    sentence: str
    default: str | None = None
    otherwise: str = "not set"
    shown: Shown = Shown.PLAIN

    @property
    def section(self) -> str:
        """The group it belongs to, `general` for those of none."""
        group, dot, _ = self.key.partition(".")
        return group if dot else "general"

    @property
    def has_file(self) -> bool:
        """Whether it can be given by a file."""
        return self.shown is not Shown.PLAIN

    @property
    def option(self) -> str:
        """Its name as a keyword of `limen.open`."""
        return self.name.removeprefix(PREFIX).lower()


CATALOGUE: Final = (
    Setting(
        name="LIMEN_ENVIRONMENT",
        key="environment",
        form=choice(Environment),
        default="development",
        sentence="What limen is run for; production refuses what is only convenient.",
    ),
    Setting(
        name="LIMEN_DATA_DIR",
        key="data_dir",
        form=forms.FOLDER,
        default="./var",
        sentence="The folder for the SQLite database, the secret key and undelivered mail.",
    ),
    Setting(
        name="LIMEN_DATABASE_URL",
        key="database.url",
        form=forms.DATABASE_URL,
        otherwise="sqlite:///<LIMEN_DATA_DIR>/limen.db",
        shown=Shown.URL,
        sentence="Where everything is kept.",
    ),
    Setting(
        name="LIMEN_DATABASE_POOL_SIZE",
        key="database.pool_size",
        form=whole(1, 200),
        default="10",
        sentence="How many database connections each process opens at most.",
    ),
    Setting(
        name="LIMEN_HTTP_HOST",
        key="http.host",
        form=forms.HOST,
        default="127.0.0.1",
        sentence="The address to listen on; 0.0.0.0 is every one of this machine.",
    ),
    Setting(
        name="LIMEN_HTTP_PORT",
        key="http.port",
        form=whole(1, 65535),
        default="8000",
        sentence="The port to listen on.",
    ),
    Setting(
        name="LIMEN_PUBLIC_URL",
        key="http.public_url",
        form=forms.BASE_URL,
        otherwise="http://<LIMEN_HTTP_HOST>:<LIMEN_HTTP_PORT>; required in production",
        sentence="The address under which people reach limen; https in production.",
    ),
    Setting(
        name="LIMEN_TRUSTED_PROXIES",
        key="http.trusted_proxies",
        form=forms.NETWORKS,
        default="",
        sentence="The networks of the proxies whose forwarded headers tell the client's address.",
    ),
    Setting(
        name="LIMEN_ALLOWED_HOSTS",
        key="http.allowed_hosts",
        form=forms.HOSTS,
        otherwise="in production the host of LIMEN_PUBLIC_URL, in development any",
        sentence="The Host headers that are answered.",
    ),
    Setting(
        name="LIMEN_CORS_ORIGINS",
        key="http.cors_origins",
        form=forms.ORIGINS,
        default="",
        sentence="The origins whose pages may call limen from a browser, compared exactly.",
    ),
    Setting(
        name="LIMEN_PASSKEY_RP_ID",
        key="passkey.rp_id",
        form=forms.DOMAIN,
        otherwise="the host of LIMEN_PUBLIC_URL, or localhost where that is this machine",
        sentence="The domain that passkeys are for; another one later makes all of them useless.",
    ),
    Setting(
        name="LIMEN_PASSKEY_RP_NAME",
        key="passkey.rp_name",
        form=forms.TEXT,
        otherwise="the domain that passkeys are for",
        sentence="What authenticators call this service.",
    ),
    Setting(
        name="LIMEN_PASSKEY_ORIGINS",
        key="passkey.origins",
        form=forms.ORIGINS,
        default="",
        sentence="Further origins whose pages may use passkeys, compared exactly.",
    ),
    Setting(
        name="LIMEN_LOG_FORMAT",
        key="log.format",
        form=choice(LogFormat),
        default="text",
        sentence="How log lines are written: for people or for programs.",
    ),
    Setting(
        name="LIMEN_LOG_LEVEL",
        key="log.level",
        form=choice(LogLevel),
        default="info",
        sentence="From which level on log lines are written.",
    ),
    Setting(
        name="LIMEN_BOOTSTRAP_ADMIN_EMAIL",
        key="bootstrap.admin_email",
        form=forms.EMAIL,
        sentence="The first administrator, made at the start where there is none.",
    ),
    Setting(
        name="LIMEN_BOOTSTRAP_ADMIN_PASSWORD",
        key="bootstrap.admin_password",
        form=forms.SECRET_TEXT,
        otherwise="not set; in production only by file",
        shown=Shown.NEVER,
        sentence="The first administrator's password; without it one is made and shown once.",
    ),
    Setting(
        name="LIMEN_PASSWORD_MIN_LENGTH",
        key="password.min_length",
        form=whole(8, 128),
        default="12",
        sentence="How many characters a new password needs; 15 where it is the only factor.",
    ),
    Setting(
        name="LIMEN_PASSWORD_HASH",
        key="password.hash",
        form=choice(PasswordHash),
        default="bcrypt",
        sentence="How new passwords are hashed; old hashes are renewed at sign-in.",
    ),
    Setting(
        name="LIMEN_PASSWORD_FOREIGN",
        key="password.foreign",
        form=several(ForeignHash),
        default="bcrypt-sha256,scrypt,firebase-scrypt,pbkdf2,keycloak,aspnet-v3",
        sentence="The hashes of other systems that are verified, beside bcrypt and Argon2.",
    ),
    Setting(
        name="LIMEN_FORMER_PASSWORDS_URL",
        key="former.url",
        form=forms.QUESTION_URL,
        sentence="The former system that is asked once about passwords that are still there.",
    ),
    Setting(
        name="LIMEN_FORMER_PASSWORDS_TOKEN",
        key="former.token",
        form=forms.SECRET_TEXT,
        otherwise="not set; required with LIMEN_FORMER_PASSWORDS_URL",
        shown=Shown.NEVER,
        sentence="What limen shows to the former system: a bearer token.",
    ),
    Setting(
        name="LIMEN_BCRYPT_COST",
        key="password.bcrypt_cost",
        form=whole(10, 15),
        default="12",
        sentence="The cost of bcrypt: each step doubles the time of a sign-in.",
    ),
    Setting(
        name="LIMEN_HASHING_THREADS",
        key="password.hashing_threads",
        form=whole(1, 256),
        otherwise="the number of cores this process may use",
        sentence="How many passwords each process hashes at once.",
    ),
    Setting(
        name="LIMEN_HASHING_QUEUE",
        key="password.hashing_queue",
        form=whole(0, 10_000),
        default="64",
        sentence="How many more may wait for that; further sign-ins are told to come back.",
    ),
    Setting(
        name="LIMEN_SECRET_KEY",
        key="secret.key",
        form=forms.SECRET_KEY,
        otherwise="in development <LIMEN_DATA_DIR>/secret.key, made when missing; "
        "required in production",
        shown=Shown.NEVER,
        sentence="The one secret all others are derived from; the same on all nodes.",
    ),
    Setting(
        name="LIMEN_SECRET_KEY_OLD",
        key="secret.old_keys",
        form=forms.SECRET_KEYS,
        shown=Shown.NEVER,
        sentence="Former secret keys, which still open what was sealed with them.",
    ),
    Setting(
        name="LIMEN_TOKEN_ISSUER",
        key="token.issuer",
        form=forms.BASE_URL,
        otherwise="LIMEN_PUBLIC_URL",
        sentence="Who issues access tokens: their iss claim.",
    ),
    Setting(
        name="LIMEN_TOKEN_AUDIENCE",
        key="token.audience",
        form=forms.TEXT,
        default="limen",
        sentence="Whom access tokens are for: their aud claim.",
    ),
    Setting(
        name="LIMEN_TOKEN_ALGORITHM",
        key="token.algorithm",
        form=choice(Algorithm),
        default="EdDSA",
        sentence="How new signing keys sign; present keys keep their algorithm.",
    ),
    Setting(
        name="LIMEN_ACCESS_TOKEN_SECONDS",
        key="token.access_seconds",
        form=whole(60, 3600),
        default="900",
        sentence="How long an access token lives.",
    ),
    Setting(
        name="LIMEN_SESSION_IDLE_DAYS",
        key="session.idle_days",
        form=whole(1, 3650),
        default="14",
        sentence="After how many days without use a session ends.",
    ),
    Setting(
        name="LIMEN_SESSION_ABSOLUTE_DAYS",
        key="session.absolute_days",
        form=whole(1, 3650),
        default="90",
        sentence="After how many days a session ends in any case.",
    ),
    Setting(
        name="LIMEN_REMEMBER_DAYS",
        key="session.remember_days",
        form=whole(1, 365),
        default="30",
        sentence="For how many days a browser is remembered whose user wants that.",
    ),
    Setting(
        name="LIMEN_SECOND_FACTORS",
        key="factors.enabled",
        form=forms.SWITCH,
        default="yes",
        sentence="Whether people may set up second factors, and show them when they sign in.",
    ),
    Setting(
        name="LIMEN_SECOND_FACTORS_REQUIRED",
        key="factors.required_for",
        form=forms.ROLES,
        default="none",
        sentence="Whose holders must have a second factor; * stands for everybody.",
    ),
    Setting(
        name="LIMEN_FACTOR_RESET_APPROVAL",
        key="factors.reset_approval",
        form=forms.SWITCH,
        default="no",
        sentence="Whether a second administrator approves each reset of somebody's factors.",
    ),
    Setting(
        name="LIMEN_REGISTRATION",
        key="account.registration",
        form=choice(Registration),
        default="open",
        sentence="Whether people may make accounts for themselves.",
    ),
    Setting(
        name="LIMEN_UNVERIFIED_SIGN_IN",
        key="account.unverified_sign_in",
        form=forms.SWITCH,
        default="yes",
        sentence="Whether one may sign in before the e-mail address is proved.",
    ),
    Setting(
        name="LIMEN_SIGN_IN_PER_ADDRESS",
        key="throttle.per_address",
        form=whole(1, 1_000_000),
        default="100",
        sentence="How many failed sign-ins one network address may make in 15 minutes.",
    ),
    Setting(
        name="LIMEN_SECOND_FACTORS_ISSUER",
        key="factors.issuer",
        form=forms.LABEL,
        otherwise="the host of LIMEN_PUBLIC_URL; limen where that is this machine",
        sentence="The name under which authenticator apps show accounts.",
    ),
    Setting(
        name="LIMEN_API_KEY_MAX_DAYS",
        key="api_key.max_days",
        form=whole(1, 3650),
        otherwise="not set: keys may live for ever",
        sentence="After how many days an API key expires at the latest.",
    ),
    Setting(
        name="LIMEN_SMTP_URL",
        key="mail.smtp_url",
        form=forms.SMTP_URL,
        otherwise="not set: mail is written to <LIMEN_DATA_DIR>/mail",
        shown=Shown.URL,
        sentence="The server that takes mail.",
    ),
    Setting(
        name="LIMEN_MAIL_FROM",
        key="mail.sender",
        form=forms.EMAIL,
        otherwise="not set; required with LIMEN_SMTP_URL",
        sentence="The address that mail comes from.",
    ),
    Setting(
        name="LIMEN_MAIL_TEMPLATES",
        key="mail.templates",
        form=forms.FOLDER,
        sentence="The folder of templates that take the place of limen's own.",
    ),
    Setting(
        name="LIMEN_LOCALE",
        key="mail.locale",
        form=forms.LOCALE,
        default="en",
        sentence="The language of mail to those who have chosen none.",
    ),
    Setting(
        name="LIMEN_NEW_DEVICE_MAIL",
        key="mail.new_device",
        form=forms.SWITCH,
        default="yes",
        sentence="Whether people get mail when they sign in from a device not seen before.",
    ),
    Setting(
        name="LIMEN_LINK_URL",
        key="mail.link_url",
        form=forms.LINK_URL,
        otherwise="<LIMEN_PUBLIC_URL>/{purpose}#token={token}",
        sentence="Where links in mail lead: a page of your application.",
    ),
)
