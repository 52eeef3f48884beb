"""From raw fields to a profile, with every fault named at once."""

import json
from collections.abc import Mapping

from limen.core.errors import InvalidInput
from limen.core.reading import UNSET, Maybe, Reader, Unset
from limen.core.users.locale import parse_locale
from limen.core.users.model import (
    Email,
    Json,
    Profile,
    Username,
    parse_attributes,
    parse_name,
)


def read_profile(
    reader: Reader,
    *,
    email: str,
    username: str | None = None,
    name: str = "",
    locale: str | None = None,
    attributes: Mapping[str, Json] | None = None,
) -> Profile | None:
    """Read a whole profile; `None` if there is any fault, which then stands in `reader`."""
    read_email = reader.read("email", Email.parse, email)
    read_username = _read_username(reader, username)
    read_name = reader.read("name", parse_name, name)
    read_locale = _read_locale(reader, locale)
    read_attributes = reader.read("attributes", parse_attributes, attributes or {})
    if read_email is None or read_name is None or read_attributes is None or reader.faults:
        return None
    return Profile(
        email=read_email,
        username=read_username,
        name=read_name,
        locale=read_locale,
        attributes=read_attributes,
    )


def complete(reader: Reader, profile: Profile | None) -> Profile:
    """Return the profile that was read; raise `InvalidInput` with the faults if there is none."""
    if profile is None:
        raise InvalidInput(details=reader.faults)
    return profile


def patch_profile(
    present: Profile,
    *,
    email: Maybe[str] = UNSET,
    username: Maybe[str | None] = UNSET,
    name: Maybe[str] = UNSET,
    locale: Maybe[str | None] = UNSET,
    attributes: Maybe[Mapping[str, Json] | None] = UNSET,
) -> Profile:
    """Apply a merge patch (RFC 7396) to a profile; raise `InvalidInput` naming every fault."""
    reader = Reader()
    changed = Profile(
        email=present.email
        if isinstance(email, Unset)
        else reader.read("email", Email.parse, email) or present.email,
        username=present.username
        if isinstance(username, Unset)
        else _read_username(reader, username),
        name=present.name
        if isinstance(name, Unset)
        else reader.read("name", parse_name, name) or "",
        locale=present.locale if isinstance(locale, Unset) else _read_locale(reader, locale),
        attributes=present.attributes
        if isinstance(attributes, Unset)
        else _patch_attributes(reader, present.attributes, attributes),
    )
    reader.refuse_faults()
    return changed


def changed_fields(before: Profile, after: Profile) -> tuple[str, ...]:
    """Name the fields in which two profiles differ."""
    names = ("email", "username", "name", "locale")
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    # As text: to Python `True` and `1` are equal, in JSON they are not.
    if json.dumps(before.attributes, sort_keys=True) != json.dumps(
        after.attributes, sort_keys=True
    ):
        changed.append("attributes")
    return tuple(changed)


def _read_username(reader: Reader, username: str | None) -> Username | None:
    return None if username is None else reader.read("username", Username.parse, username)


def _read_locale(reader: Reader, locale: str | None) -> str | None:
    return None if locale is None else reader.read("locale", parse_locale, locale)


def _patch_attributes(
    reader: Reader, present: Mapping[str, Json], patch: Mapping[str, Json] | None
) -> Mapping[str, Json]:
    if patch is None:
        return {}
    try:
        parse_attributes(patch)
    except ValueError as error:
        reader.fault("attributes", "invalid", str(error))
        return present
    return reader.read("attributes", parse_attributes, merge_patch(present, patch)) or {}


def merge_patch(target: Mapping[str, Json], patch: Mapping[str, Json]) -> dict[str, Json]:
    """Apply a JSON merge patch to an object: null removes, objects merge (RFC 7396 section 2)."""
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            below = merged.get(key)
            merged[key] = merge_patch(below if isinstance(below, dict) else {}, value)
        else:
            merged[key] = value
    return merged
