"""Showing the settings in force to people, without their secrets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from limen.core.secret import Secret
from limen.wiring.catalogue import CATALOGUE, Setting, Shown
from limen.wiring.forms import SmtpUrl
from limen.wiring.groups import Settings

HIDDEN: Final = "***"
_PASSWORD: Final = re.compile(r"(://[^:/?#@]*:).*@", re.DOTALL)
_PARAMETER: Final = re.compile(r"([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLine:
    """One setting as people may see it: its value in text, `None` if not set, and its origin."""

    name: str
    value: str | None
    origin: str
    section: str
    sentence: str


def describe(settings: Settings) -> Iterator[SettingLine]:
    """Yield every setting with its effective value, in the order of the catalogue."""
    for setting in CATALOGUE:
        yield SettingLine(
            name=setting.name,
            value=_shown(setting, _find(settings, setting.key)),
            origin=settings.origins.get(setting.name, "code"),
            section=setting.section,
            sentence=setting.sentence,
        )


def masked_url(url: str) -> str:
    """Return a URL without the password in it; rather too much is hidden than too little."""
    return _PARAMETER.sub(rf"\g<1>{HIDDEN}", _PASSWORD.sub(rf"\g<1>{HIDDEN}@", url))


def _find(settings: Settings, key: str) -> Any:
    group, dot, field = key.partition(".")
    return getattr(getattr(settings, group), field) if dot else getattr(settings, key)


def _shown(setting: Setting, value: object) -> str | None:
    if value is None or value == ():
        return None
    match setting.shown:
        case Shown.NEVER:
            return HIDDEN
        case Shown.URL:
            secret = value.text if isinstance(value, SmtpUrl) else value
            return masked_url(str(secret.reveal() if isinstance(secret, Secret) else secret))
        case Shown.PLAIN:
            return _plain(value)


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case tuple():
            return ", ".join(map(_plain, value))
        case _:
            return str(value)
