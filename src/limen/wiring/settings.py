"""Reading the settings: once, every fault named at once, with how to mend it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from limen.core.errors import Fault, SettingsInvalid
from limen.core.secret import Secret
from limen.wiring.catalogue import CATALOGUE, Setting, Shown
from limen.wiring.choices import Environment
from limen.wiring.forms import sqlite_url
from limen.wiring.groups import (
    AccountSettings,
    ApiKeySettings,
    BootstrapSettings,
    DatabaseSettings,
    FactorSettings,
    FormerSettings,
    HttpSettings,
    LogSettings,
    MailSettings,
    PasskeySettings,
    PasswordSettings,
    SecretSettings,
    SessionSettings,
    Settings,
    Store,
    ThrottleSettings,
    TokenSettings,
)
from limen.wiring.passkeys import check_passkeys, derive_passkeys
from limen.wiring.sources import Given, Sources

__all__ = ["CATALOGUE", "DatabaseSettings", "Settings", "Store", "from_code", "load"]

_LONGEST_ECHO: Final = 60
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - told apart, not bound.
_GROUPS: Final[Mapping[str, Callable[..., object]]] = {
    "database": DatabaseSettings,
    "http": HttpSettings,
    "passkey": PasskeySettings,
    "log": LogSettings,
    "bootstrap": BootstrapSettings,
    "password": PasswordSettings,
    "former": FormerSettings,
    "secret": SecretSettings,
    "token": TokenSettings,
    "session": SessionSettings,
    "account": AccountSettings,
    "throttle": ThrottleSettings,
    "factors": FactorSettings,
    "api_key": ApiKeySettings,
    "mail": MailSettings,
}


def load(
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    options: Mapping[str, object] | None = None,
) -> Settings:
    """Read the settings; raise `SettingsInvalid` naming every fault and how to mend it.

    `options` (named as the variables are, in lower case without LIMEN_) come before the
    environment, and that before `limen.toml`, which is looked for in `directory`. The defaults
    are the environment and the working directory of this process.
    """
    variables = os.environ if environ is None else environ
    sources = Sources()
    sources.add_code(options or {})
    sources.add_environment(variables)
    sources.add_config(variables, directory or Path())
    return _build(sources)


def from_code(options: Mapping[str, object]) -> Settings:
    """Make settings of `options` alone; raise `SettingsInvalid` as `load` does."""
    sources = Sources()
    sources.add_code(options)
    return _build(sources)


def _build(sources: Sources) -> Settings:
    given = sources.given
    faults = list(sources.faults)
    values: dict[str, Any] = {}
    for setting in CATALOGUE:
        try:
            values[setting.key] = _value(setting, given.get(setting.name))
        except ValueError as error:
            faults.append(_invalid(setting, given[setting.name], str(error)))
    faults += _check(values, given)
    _refuse(faults)
    _derive(values)
    faults += check_passkeys(values, given)
    _refuse(faults)
    origins = {
        setting.name: given[setting.name].origin if setting.name in given else "default"
        for setting in CATALOGUE
    }
    return _assemble(values, origins)


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        listed = "".join(f"\n  {fault.field} {fault.message}" for fault in faults)
        raise SettingsInvalid(f"Some settings are not valid:{listed}", details=tuple(faults))


def _value(setting: Setting, given: Given | None) -> object:
    text = setting.default if given is None else given.text
    return None if text is None else setting.form.parse(text)


def _invalid(setting: Setting, given: Given, sentence: str) -> Fault:
    told = sentence if _is_own_sentence(sentence) else f"must be {setting.form.says}"
    is_plain = setting.shown is Shown.PLAIN and len(given.text) <= _LONGEST_ECHO
    found = f", not {given.text!r}" if is_plain and told != sentence else ""
    origin = "" if given.origin == "environment" else f" ({given.origin})"
    return Fault(setting.name, "invalid", f"{told}{found}{origin}")


def _is_own_sentence(sentence: str) -> bool:
    return sentence.startswith(("must ", "is ", "has "))


def _check(values: Mapping[str, Any], given: Mapping[str, Given]) -> Iterator[Fault]:
    """Yield what is wrong between settings that are each valid."""
    if values.get("environment") is Environment.PRODUCTION:
        yield from _check_production(values, given)
    idle, absolute = values.get("session.idle_days"), values.get("session.absolute_days")
    if idle and absolute and idle > absolute:
        message = f"must be at most LIMEN_SESSION_ABSOLUTE_DAYS, which is {absolute}"
        yield Fault("LIMEN_SESSION_IDLE_DAYS", "too_long", message)
    if values.get("mail.smtp_url") and not given.get("LIMEN_MAIL_FROM"):
        yield Fault("LIMEN_MAIL_FROM", "missing", "is required with LIMEN_SMTP_URL")
    yield from _check_former(given)
    has_password = given.get("LIMEN_BOOTSTRAP_ADMIN_PASSWORD")
    if has_password and not given.get("LIMEN_BOOTSTRAP_ADMIN_EMAIL"):
        message = "is required with LIMEN_BOOTSTRAP_ADMIN_PASSWORD"
        yield Fault("LIMEN_BOOTSTRAP_ADMIN_EMAIL", "missing", message)


def _check_former(given: Mapping[str, Given]) -> Iterator[Fault]:
    pair = ("LIMEN_FORMER_PASSWORDS_URL", "LIMEN_FORMER_PASSWORDS_TOKEN")
    for one, other in (pair, pair[::-1]):
        if given.get(one) and not given.get(other):
            yield Fault(other, "missing", f"is required with {one}")


def _check_production(values: Mapping[str, Any], given: Mapping[str, Given]) -> Iterator[Fault]:
    if not given.get("LIMEN_SECRET_KEY"):
        message = (
            "is required in production: make one with `openssl rand -base64 48 > secret.key`, keep "
            "it from others (chmod 600), and name the file in LIMEN_SECRET_KEY_FILE"
        )
        yield Fault("LIMEN_SECRET_KEY", "missing", message)
    if not given.get("LIMEN_PUBLIC_URL"):
        message = "is required in production, such as https://id.example.org"
        yield Fault("LIMEN_PUBLIC_URL", "missing", message)
    public_url = values.get("http.public_url")
    if public_url and not public_url.startswith("https:") and not _is_here(public_url):
        message = "must begin with https:// in production: passwords and tokens pass through it"
        yield Fault("LIMEN_PUBLIC_URL", "insecure", message)
    password = given.get("LIMEN_BOOTSTRAP_ADMIN_PASSWORD")
    if password and password.origin == "environment":
        message = (
            "must come from a file in production, since other programs may see the environment; "
            "name the file in LIMEN_BOOTSTRAP_ADMIN_PASSWORD_FILE"
        )
        yield Fault("LIMEN_BOOTSTRAP_ADMIN_PASSWORD", "insecure", message)


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _derive(values: dict[str, Any]) -> None:
    """Fill in what follows from other settings where nothing was given."""
    if values["database.url"] is None:
        values["database.url"] = Secret(sqlite_url(values["data_dir"] / "limen.db"))
    if values["http.public_url"] is None:
        host = _ANY_ADDRESS.get(values["http.host"], values["http.host"])
        shown = f"[{host}]" if ":" in host else host
        values["http.public_url"] = f"http://{shown}:{values['http.port']}"
    if values["http.allowed_hosts"] is None:
        is_production = values["environment"] is Environment.PRODUCTION
        host = urlsplit(values["http.public_url"]).hostname
        values["http.allowed_hosts"] = (host,) if is_production else ()
    if values["token.issuer"] is None:
        values["token.issuer"] = values["http.public_url"]
    if values["factors.issuer"] is None:
        values["factors.issuer"] = _issuer(values["http.public_url"])
    derive_passkeys(values)
    if values["mail.link_url"] is None:
        values["mail.link_url"] = values["http.public_url"] + "/{purpose}#token={token}"
    if values["password.hashing_threads"] is None:
        values["password.hashing_threads"] = _cores()
    if values["secret.old_keys"] is None:
        values["secret.old_keys"] = ()


def _issuer(public_url: str) -> str:
    """Return the name in authenticator apps: the host, unless it is this one or has colons."""
    host = urlsplit(public_url).hostname or ""
    return "limen" if _is_here(public_url) or ":" in host else host


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _assemble(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    groups: dict[str, Any] = {
        name: make(
            **{
                key.removeprefix(f"{name}."): value
                for key, value in values.items()
                if key.startswith(f"{name}.")
            }
        )
        for name, make in _GROUPS.items()
    }
    loose = {key: value for key, value in values.items() if "." not in key}
    return Settings(**groups, **loose, origins=origins)
