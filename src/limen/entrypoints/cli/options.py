"""Options that several commands have, read from text."""

from collections.abc import Mapping
from datetime import datetime

import click
from click import Context, Parameter

from limen.core.page import Operator
from limen.core.query import parse_instant


def read_filters(
    _ctx: Context, _parameter: Parameter, texts: tuple[str, ...]
) -> Mapping[tuple[str, str], str]:
    """Read `FIELD[.OPERATOR]=VALUE`, each field and operator once."""
    found: dict[tuple[str, str], str] = {}
    for text in texts:
        place, is_whole, value = text.partition("=")
        field, _, operator = place.partition(".")
        if not is_whole or not field:
            raise click.BadParameter(f"{text!r} is not FIELD=VALUE or FIELD.OPERATOR=VALUE")
        key = (field, operator or Operator.EQ.value)
        if key in found:
            raise click.BadParameter(f"{place!r} stands twice; use {field}.in=A,B for a choice")
        found[key] = value
    return found


def read_instant(_ctx: Context, _parameter: Parameter, text: str | None) -> datetime | None:
    """Read an instant such as 2027-01-31T00:00:00Z."""
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
