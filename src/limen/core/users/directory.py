"""The fields by which users can be listed."""

from collections.abc import Mapping
from typing import Final

from limen.core.query import Field, choice_field, id_field, instant_field, text_field
from limen.core.roles.model import parse_role_name
from limen.core.users.model import Status, UserKind

DEFAULT_SORT: Final = "-created_at"


def _kind(text: str) -> UserKind:
    try:
        return UserKind(text)
    except ValueError:
        names = ", ".join(kind.value for kind in UserKind)
        raise ValueError(f"must be one of {names}") from None


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        names = ", ".join(status.value for status in Status)
        raise ValueError(f"must be one of {names}") from None


_ALL: Final = (
    id_field("id"),
    text_field("email"),
    text_field("username", is_optional=True),
    text_field("name"),
    text_field("locale", is_optional=True, is_sortable=False),
    choice_field("kind", _kind, is_sortable=False),
    choice_field("status", _status),
    choice_field("role", parse_role_name, is_sortable=False),
    instant_field("email_verified_at", is_optional=True),
    instant_field("created_at"),
    instant_field("updated_at"),
    instant_field("last_sign_in_at", is_optional=True),
)

FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in _ALL}
