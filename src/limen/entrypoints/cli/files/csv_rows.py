"""Accounts as CSV (RFC 4180, with one record a line): a header, then one account a line.

`roles` are separated by semicolons, `attributes` is JSON, an empty field is one not given.
No valid field holds a line break, so a quote that is not closed spoils its own line and no other.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

import msgspec

from limen.core.errors import Fault, InvalidInput
from limen.core.imports.model import AccountRow, RowFault
from limen.entrypoints.cli.files.lines import LONGEST_FIELD, Line, line_fault, long_fields
from limen.entrypoints.nesting import DEEPEST, is_text_too_deep

COLUMNS: Final = (
    "email",
    "username",
    "name",
    "locale",
    "status",
    "roles",
    "email_verified",
    "has_owner",
    "attributes",
    "password",
    "password_hash",
)
WRITTEN: Final = tuple(name for name in COLUMNS if name != "password")
_OTHER_DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
_TRUTH: Final = {
    "": False,
    "false": False,
    "no": False,
    "0": False,
    "true": True,
    "yes": True,
    "1": True,
}
_UNLIMITED: Final = {"roles", "attributes"}

Row = AccountRow | tuple[RowFault, ...]


def read_csv(lines: Iterable[Line], delimiter: str = ",") -> Iterator[Row]:
    """Yield each account, or what is wrong with its line.

    Raises `InvalidInput` for a header that no account can be read by.
    """
    rest = iter(lines)
    header = next(rest, None)
    if header is None:
        raise _unreadable(1, "empty", "the file is empty; its first line must name the columns")
    names = _read_header(header, delimiter)
    # Columns that are not there read the empty field put behind every record.
    pick = itemgetter(*(names.index(name) if name in names else -1 for name in COLUMNS))
    for line in rest:
        if line.fault:
            yield (line_fault(line.number, "unreadable", line.fault),)
            continue
        fields = split(line.text, delimiter)
        if isinstance(fields, str):
            yield (line_fault(line.number, "malformed", fields),)
        elif len(fields) != len(names):
            told = f"has {len(fields)} fields where the header has {len(names)}"
            yield (line_fault(line.number, "malformed", told),)
        else:
            fields.append("")
            yield _read_record(line, pick(fields))


def split(text: str, delimiter: str) -> list[str] | str:
    """Return the fields of one line, or a sentence that says why there are none."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        found = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return "has a quote that is not closed"
        if "limit" in str(error):
            return f"has a field over {csv.field_size_limit()} characters"
        return "has text behind a closing quote; a quote within a field is written twice"
    return found[0]


def _read_header(line: Line, delimiter: str) -> list[str]:
    if line.fault:
        raise _unreadable(line.number, "unreadable", line.fault)
    fields = split(line.text, delimiter)
    if isinstance(fields, str):
        raise _unreadable(line.number, "malformed", fields)
    names = [field.strip().lower() for field in fields]
    if "email" not in names:
        raise _unreadable(line.number, "missing_column", _about_missing(line.text, delimiter))
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise _unreadable(line.number, "repeated_column", f"stands twice: {', '.join(repeated)}")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        told = f"unknown columns: {', '.join(map(repr, unknown))}; may be {', '.join(COLUMNS)}"
        raise _unreadable(line.number, "unknown_column", told)
    return names


def _about_missing(text: str, delimiter: str) -> str:
    for other, name in _OTHER_DELIMITERS.items():
        if other != delimiter and other in text and delimiter not in text:
            given = "tab" if other == "\t" else f"'{other}'"
            return f"the columns are separated by {name}; say --delimiter {given}"
    return f"there is no column 'email'; the columns may be {', '.join(COLUMNS)}"


def _unreadable(number: int, code: str, message: str) -> InvalidInput:
    return InvalidInput(
        "The file cannot be read.", details=(Fault(f"line {number}", code, message),)
    )


def _read_record(line: Line, fields: tuple[str, ...]) -> Row:
    email, username, name, locale, status, roles, *marks, attributes, password, digest = fields
    faults: tuple[RowFault, ...] = ()
    if len(line.text) > LONGEST_FIELD:
        given = dict(zip(COLUMNS, fields, strict=True))
        faults = long_fields(line.number, {k: v for k, v in given.items() if k not in _UNLIMITED})
    is_verified, has_owner = (_TRUTH.get(mark.strip().lower()) for mark in marks)
    for field, truth in (("email_verified", is_verified), ("has_owner", has_owner)):
        if truth is None:
            faults += (_fault(line, field, "must be true or false"),)
    read_attributes = None
    if is_text_too_deep(attributes):
        faults += (_fault(line, "attributes", f"is nested more than {DEEPEST} deep"),)
    elif attributes:
        try:
            read_attributes = msgspec.json.decode(attributes, type=dict)
        except msgspec.MsgspecError:
            faults += (_fault(line, "attributes", 'must be a JSON object such as {"team": "x"}'),)
    if faults:
        return faults
    return AccountRow(
        line=line.number,
        email=email,
        username=username or None,
        name=name,
        locale=locale or None,
        status=status or "active",
        roles=tuple(filter(None, map(str.strip, roles.split(";")))) if roles else (),
        email_verified=bool(is_verified),
        has_owner=bool(has_owner),
        attributes=read_attributes,
        password=password or None,
        password_hash=digest or None,
    )


def _fault(line: Line, field: str, message: str) -> RowFault:
    return RowFault(line=line.number, field=field, code="invalid", message=message)


def write_csv(rows: Iterable[AccountRow], *, has_header: bool) -> bytes:
    """Return accounts as CSV; the first piece of a file has the header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if has_header:
        writer.writerow(WRITTEN)
    writer.writerows(
        (
            row.email,
            row.username or "",
            row.name,
            row.locale or "",
            row.status,
            ";".join(row.roles),
            "true" if row.email_verified else "false",
            "true" if row.has_owner else "false",
            msgspec.json.encode(row.attributes).decode() if row.attributes else "",
            row.password_hash or "",
        )
        for row in rows
    )
    return text.getvalue().encode()
