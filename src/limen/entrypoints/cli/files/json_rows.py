"""Accounts as JSON Lines: one object a line, its names those of the CSV columns."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from limen.core.imports.model import AccountRow, RowFault
from limen.entrypoints.cli.files.lines import LONGEST_FIELD, Line, line_fault, long_fields
from limen.entrypoints.nesting import DEEPEST, is_text_too_deep


class AccountIn(Struct, forbid_unknown_fields=True):
    """An account as a line holds it."""

    email: str
    username: str | None = None
    name: str = ""
    locale: str | None = None
    status: str = "active"
    roles: tuple[str, ...] = ()
    email_verified: bool = False
    has_owner: bool = False
    attributes: dict[str, Any] | None = None
    password: str | None = None
    password_hash: str | None = None


class AccountOut(Struct, omit_defaults=True):
    """An account as it is written."""

    email: str
    username: str | None = None
    name: str = ""
    locale: str | None = None
    status: str = ""
    roles: tuple[str, ...] = ()
    email_verified: bool = False
    has_owner: bool = False
    attributes: dict[str, Any] | None = None
    password_hash: str | None = None


Row = AccountRow | tuple[RowFault, ...]

_DECODER: Final = msgspec.json.Decoder(AccountIn)
_ENCODER: Final = msgspec.json.Encoder()


def read_jsonl(lines: Iterable[Line]) -> Iterator[Row]:
    """Yield each account, or what is wrong with its line."""
    for line in lines:
        if line.fault:
            yield (line_fault(line.number, "unreadable", line.fault),)
        else:
            yield _read(line)


def _read(line: Line) -> Row:
    if is_text_too_deep(line.text):
        return (line_fault(line.number, "malformed", f"is nested more than {DEEPEST} deep"),)
    try:
        found = _DECODER.decode(line.text)
    except msgspec.ValidationError as error:
        return (_invalid(line.number, str(error)),)
    except msgspec.DecodeError as error:
        return (line_fault(line.number, "malformed", f"is not JSON: {error}"),)
    if len(line.text) > LONGEST_FIELD:
        names = ("email", "username", "name", "locale", "status", "password", "password_hash")
        faults = long_fields(line.number, {name: getattr(found, name) for name in names})
        if faults:
            return faults
    return AccountRow(
        line=line.number,
        email=found.email,
        username=found.username,
        name=found.name,
        locale=found.locale,
        status=found.status,
        roles=found.roles,
        email_verified=found.email_verified,
        has_owner=found.has_owner,
        attributes=found.attributes,
        password=found.password,
        password_hash=found.password_hash,
    )


def _invalid(number: int, message: str) -> RowFault:
    """Turn msgspec's sentence ("… - at `$.email`") into a field and a sentence."""
    told, _, place = message.partition(" - at `$")
    field = place.strip("`").removeprefix(".") or "line"
    return RowFault(line=number, field=field, code="invalid", message=told.replace("`", "'"))


def write_jsonl(rows: Iterable[AccountRow]) -> bytes:
    """Return accounts as JSON Lines."""
    return _ENCODER.encode_lines(
        [
            AccountOut(
                email=row.email,
                username=row.username,
                name=row.name,
                locale=row.locale,
                status=row.status,
                roles=row.roles,
                email_verified=row.email_verified,
                has_owner=row.has_owner,
                attributes=dict(row.attributes) if row.attributes else None,
                password_hash=row.password_hash,
            )
            for row in rows
        ]
    )
