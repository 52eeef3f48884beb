"""What the value of a setting may be, and how its text is read.

Every parser raises `ValueError`: bare, where the name of the form says all there is to say, or
with a sentence that continues "LIMEN_…".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import SplitResult, quote, unquote, urlsplit

from limen.core.roles.model import parse_role_name
from limen.core.secret import Secret
from limen.core.signin.levels import EVERYBODY
from limen.core.users.locale import parse_locale
from limen.core.users.model import Email

Network: TypeAlias = IPv4Network | IPv6Network

SQLITE: Final = "sqlite:///"
NONE: Final = "none"
SHORTEST_SECRET: Final = 32
_SHORTEST_HEX: Final = 64
_SHORTEST_BASE64: Final = 43
_FEWEST_DIFFERENT: Final = 10
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\]")
_SWITCHES: Final = dict.fromkeys(("yes", "true", "on", "1"), True) | dict.fromkeys(
    ("no", "false", "off", "0"), False
)


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of value: `says` names it ("a whole number, 1 to 65535"), `parse` reads its text."""

    says: str
    parse: Callable[[str], object]


def whole(lowest: int, highest: int) -> Form:
    """Make the form of a whole number within bounds."""
    return Form(f"a whole number, {lowest} to {highest}", partial(_parse_whole, lowest, highest))


def _parse_whole(lowest: int, highest: int, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not lowest <= int(text) <= highest:
        raise ValueError
    return int(text)


def choice(options: type[StrEnum]) -> Form:
    """Make the form of one word out of several."""
    words = [option.value for option in options]
    return Form(f"{', '.join(words[:-1])} or {words[-1]}", options)


def several(options: type[StrEnum]) -> Form:
    """Make the form of some words out of several, in any order, or of none."""
    words = ", ".join(option.value for option in options)
    return Form(f"{NONE}, or some of {words}", partial(_parse_several, options))


def _parse_several(options: type[StrEnum], text: str) -> tuple[StrEnum, ...]:
    items = _items(text)
    if items == [NONE]:
        return ()
    if not items:
        raise ValueError
    chosen = {options(item) for item in items}
    return tuple(option for option in options if option in chosen)


def _parse_switch(text: str) -> bool:
    try:
        return _SWITCHES[text.lower()]
    except KeyError:
        raise ValueError from None


def _parse_roles(text: str) -> tuple[str, ...]:
    items = _items(text)
    if not items:
        raise ValueError
    if items == [NONE]:
        return ()
    return tuple(item if item == EVERYBODY else parse_role_name(item) for item in items)


def _parse_text(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _parse_label(text: str) -> str:
    # A colon stands between issuer and account in what authenticator apps read.
    if not text.strip() or ":" in text:
        raise ValueError
    return _parse_text(text)


def _items(text: str) -> list[str]:
    return [item for item in re.split(r"[\s,]+", text) if item]


def _parse_host(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        if not _HOST.fullmatch(text):
            raise ValueError from None
        return text


def _parse_hosts(text: str) -> tuple[str, ...]:
    return tuple(_parse_host(item.strip("[]")).lower() for item in _items(text))


def _parse_domain(text: str) -> str:
    """Read a domain as passkeys take it: lower case, of letters, and no address."""
    if text != text.lower() or _parse_host(text) != text or _is_address(text):
        raise ValueError
    return text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _parse_networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(item) for item in _items(text))
    except ValueError as error:
        raise ValueError(f"has an entry that is no network: {error}") from None


def parse_base_url(text: str) -> str:
    """Read an http or https address without user, query or fragment; return it without a slash."""
    parts = _split_url(text)
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise ValueError
    return text.rstrip("/")


def _parse_link_url(text: str) -> str:
    """Read the address of links: its host is fixed, and both names stand behind it."""
    parts = _split_url(text)
    behind = text.partition("://")[2].partition("/")[2]
    is_whole = "{purpose}" in behind and "{token}" in behind
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_whole:
        raise ValueError
    return text


def _parse_question_url(text: str) -> str:
    """Read an address that passwords may be sent to: https, or http to this machine alone."""
    parts = _split_url(text)
    if parts.username or parts.password or parts.fragment or not parts.hostname:
        raise ValueError
    if parts.scheme == "http" and _is_this_machine(parts.hostname):
        return text
    if parts.scheme != "https":
        raise ValueError("must begin with https://, unless it is this machine's: it gets passwords")
    return text


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parse_origins(text: str) -> tuple[str, ...]:
    for item in _items(text):
        parts = _split_url(parse_base_url(item))
        if f"{parts.scheme}://{parts.netloc}" != item or item != item.lower():
            raise ValueError
    return tuple(_items(text))


def _split_url(text: str) -> SplitResult:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError
    parts = urlsplit(text)
    _ = parts.port  # Raises ValueError for a port that is none.
    return parts


def _parse_email(text: str) -> Email:
    return Email.parse(text)


def _parse_database(text: str) -> Secret[str]:
    if text == "memory://":
        return Secret(text)
    if text.startswith(SQLITE):
        if sqlite_path(text) == Path(":memory:"):
            raise ValueError("must be memory:// for a store that keeps nothing")
        if text == SQLITE or "?" in text:
            raise ValueError
        return Secret(text)
    parts = _split_url(text)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ValueError
    return Secret(text)


def sqlite_path(url: str) -> Path:
    """Return the path in the URL of an SQLite database, its percent-encoding undone."""
    return Path(unquote(url.removeprefix(SQLITE)))


def sqlite_url(path: Path) -> str:
    """Return the URL of an SQLite database at `path`."""
    return SQLITE + quote(str(path))


class SmtpSecurity(StrEnum):
    """The schemes of mail servers: TLS from the start, TLS after STARTTLS, no protection."""

    TLS = "smtps"
    STARTTLS = "smtp"
    NONE = "smtp+plain"


_SMTP_PORTS: Final = {SmtpSecurity.TLS: 465, SmtpSecurity.STARTTLS: 587, SmtpSecurity.NONE: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpUrl:
    """A mail server as its address names it."""

    text: Secret[str]
    security: SmtpSecurity
    host: str
    port: int
    username: str | None
    password: Secret[str] | None


def _parse_smtp(text: str) -> SmtpUrl:
    parts = _split_url(text)
    security = SmtpSecurity(parts.scheme)
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError
    if parts.password and security is SmtpSecurity.NONE:
        raise ValueError("must not send a password without TLS; use smtp:// or smtps://")
    return SmtpUrl(
        text=Secret(text),
        security=security,
        host=parts.hostname,
        port=parts.port or _SMTP_PORTS[security],
        username=_unquoted(parts.username),
        password=Secret(_unquoted(parts.password) or "") if parts.password else None,
    )


def _unquoted(text: str | None) -> str | None:
    """Undo the percent-encoding that a user or password needs within a URL (RFC 3986)."""
    return None if text is None else unquote(text)


def _parse_secret_text(text: str) -> Secret[str]:
    if not text:
        raise ValueError
    return Secret(text)


def parse_secret_key(text: str) -> Secret[bytes]:
    """Read a secret key: its characters are the key, whatever they encode.

    Raises `ValueError` for less than 32 random bytes: 64 hexadecimal digits, 43 characters of
    base64, or 32 bytes of other text.
    """
    needed = SHORTEST_SECRET
    if _HEX.fullmatch(text):
        needed = _SHORTEST_HEX
    elif _BASE64.fullmatch(text):
        needed = _SHORTEST_BASE64
    if len(text.encode()) < needed:
        raise ValueError("is too short: 32 random bytes are 64 hexadecimal digits or 43 of base64")
    if len(set(text)) < _FEWEST_DIFFERENT:
        raise ValueError("is not random: too few different characters")
    return Secret(text.encode())


def _parse_secret_keys(text: str) -> tuple[Secret[bytes], ...]:
    return tuple(parse_secret_key(item) for item in text.split())


ROLES: Final = Form(f"{NONE}, {EVERYBODY}, or names of roles, separated by commas", _parse_roles)
SWITCH: Final = Form("yes or no", _parse_switch)
TEXT: Final = Form("text in one line", _parse_text)
LABEL: Final = Form("a name in one line, without a colon", _parse_label)
FOLDER: Final = Form("a path", Path)
HOST: Final = Form("a host name or an IP address", _parse_host)
DOMAIN: Final = Form("a domain such as example.org, in lower case", _parse_domain)
HOSTS: Final = Form("host names or IP addresses, separated by commas", _parse_hosts)
NETWORKS: Final = Form("networks such as 10.0.0.0/8, separated by commas", _parse_networks)
BASE_URL: Final = Form("an address such as https://id.example.org", parse_base_url)
QUESTION_URL: Final = Form(
    "an address such as https://old.example.org/check-password", _parse_question_url
)
ORIGINS: Final = Form(
    "origins such as https://app.example.org, separated by commas", _parse_origins
)
LINK_URL: Final = Form(
    "an address with {purpose} and {token} in it, as https://app.example.org/{purpose}#{token}",
    _parse_link_url,
)
LOCALE: Final = Form("a language tag such as en or de-AT", parse_locale)
EMAIL: Final = Form("an e-mail address", _parse_email)
DATABASE_URL: Final = Form(
    "sqlite:///path, postgresql://user:password@host/database or memory://", _parse_database
)
SMTP_URL: Final = Form(
    "smtps://, smtp:// (STARTTLS) or smtp+plain:// with user:password@host:port", _parse_smtp
)
SECRET_TEXT: Final = Form("a secret", _parse_secret_text)
SECRET_KEY: Final = Form("at least 32 random bytes, as base64 or hexadecimal", parse_secret_key)
SECRET_KEYS: Final = Form("secret keys, newest first, each in a line", _parse_secret_keys)
