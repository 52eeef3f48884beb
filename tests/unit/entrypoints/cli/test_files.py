"""File formats: what is read, what is refused and in which words, and that both ways agree."""

import io
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import InvalidInput
from limen.core.imports.model import AccountRow
from limen.entrypoints.cli.files.csv_rows import Row, read_csv, write_csv
from limen.entrypoints.cli.files.json_rows import read_jsonl, write_jsonl
from limen.entrypoints.cli.files.lines import LONGEST_LINE, read_lines
from limen.entrypoints.cli.files.opening import read_rows


def csv(data: bytes, delimiter: str = ",") -> list[Row]:
    return list(read_csv(read_lines(io.BytesIO(data)), delimiter))


def jsonl(data: bytes) -> list[Row]:
    return list(read_jsonl(read_lines(io.BytesIO(data))))


def told(rows: Iterable[Row]) -> list[tuple[int, str, str]]:
    """The faults alone, in short."""
    return [
        (fault.line, fault.field, fault.message)
        for row in rows
        if not isinstance(row, AccountRow)
        for fault in row
    ]


def lines_of(rows: Iterable[Row]) -> list[int]:
    """The lines that hold accounts."""
    return [row.line for row in rows if isinstance(row, AccountRow)]


FULL = AccountRow(
    line=2,
    email="zoë@bücher.example",
    username="zoe",
    name='Zoë "Z" O\'Neil, 日本; \u2026',
    locale="de-AT",
    status="pending",
    roles=("admin", "auditor@2026-12-31T00:00:00Z"),
    email_verified=True,
    attributes={"team": "a,b", "n": [1, 2.5, None, True, {"x": "\n\r\u2028"}]},
    password_hash="$bcrypt-sha256$v=2,t=2b,r=12$abc",
)


def test_every_column_is_read_in_any_order_and_case() -> None:
    rows = csv(
        b"Password_Hash, NAME ,email,roles,status,username,email_verified,has_owner,"
        b"attributes,Locale\n"
        b'h,Ada,a@example.org,x; y ;,suspended,ada,YES,1,"{""a"": [1]}",de-at\n'
    )
    assert rows == [
        AccountRow(
            line=2,
            email="a@example.org",
            username="ada",
            name="Ada",
            locale="de-at",
            status="suspended",
            roles=("x", "y"),
            email_verified=True,
            has_owner=True,
            attributes={"a": [1]},
            password_hash="h",
        )
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"email\na@example.org\n",
        b"email\r\na@example.org\r\n",
        b"\xef\xbb\xbfemail\na@example.org",
        b'"email"\n\n"a@example.org"\n',
        b"email,password,name\na@example.org,,\n",
    ],
)
def test_what_is_not_given_has_its_usual_value(data: bytes) -> None:
    (row,) = csv(data)
    assert isinstance(row, AccountRow)
    assert row == AccountRow(line=row.line, email="a@example.org")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_columns_may_be_separated_otherwise(delimiter: str) -> None:
    data = f"email{delimiter}name\na@example.org{delimiter}Ada, {delimiter}\n"
    assert told(csv(data.encode(), delimiter)) == [
        (2, "line", "has 3 fields where the header has 2")
    ]
    assert lines_of(csv(data.replace(f", {delimiter}", ",").encode(), delimiter)) == [2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty; its first line must name the columns"),
        (b"\n \n", "the file is empty; its first line must name the columns"),
        (b"email;name\n", "the columns are separated by semicolons; say --delimiter ';'"),
        (b"email\tname\n", "the columns are separated by tabs; say --delimiter tab"),
        (b"name,username\n", "there is no column 'email'; the columns may be email, username"),
        (b"ada@example.org,Ada\n", "there is no column 'email'"),
        (b"email,mail,phone\n", "unknown columns: 'mail', 'phone'; may be email, username"),
        (b"email,name,Email\n", "stands twice: email"),
        (b'email,"name\n', "has a quote that is not closed"),
        ("email\n".encode("utf-16"), "is UTF-16; save the file as UTF-8"),
        (b"email\xff\n", "is not UTF-8 (byte 6)"),
        (b"email\0\n", "holds a NUL (character 6)"),
        (b"email\rada@example.org\r", "holds a carriage return; lines must end in LF or CRLF"),
        (b"email," * 100_000, f"is over {LONGEST_LINE} bytes long"),
    ],
)
def test_a_header_that_cannot_be_read_stops_everything(data: bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        csv(data)
    (fault,) = refusal.value.details
    assert fault.field == "line 1"
    assert fault.message.startswith(message)


BAD_RECORDS = [
    (b'b@example.org,"B', "line", "has a quote that is not closed"),
    (b'b@example.org,"B"x', "line", "has text behind a closing quote"),
    (b"b@example.org", "line", "has 1 fields where the header has 2"),
    (b"b@example.org,B,1", "line", "has 3 fields where the header has 2"),
    (b"b@example.org,\xc3", "line", "is not UTF-8 (byte 15)"),
    (b"b@example.org,\0", "line", "holds a NUL (character 15)"),
    (b"b@example.org,B\rC", "line", "holds a carriage return"),
    (b"b@example.org," + b"x" * LONGEST_LINE, "line", f"is over {LONGEST_LINE} bytes long"),
    (b"b@example.org," + b"x" * 2000, "name", "is over 1024 characters"),
    (b'b@example.org,"' + b"x" * 200_000 + b'"', "line", "has a field over 131072 characters"),
]


@pytest.mark.parametrize(("record", "field", "message"), BAD_RECORDS)
def test_a_bad_record_spoils_its_own_line_alone(record: bytes, field: str, message: str) -> None:
    rows = csv(b"email,name\na@example.org,A\n" + record + b"\nc@example.org,C\n")
    assert lines_of(rows) == [2, 4]
    ((line, place, sentence),) = told(rows)
    assert (line, place) == (3, field)
    assert sentence.startswith(message)


def test_all_faults_of_a_record_are_told() -> None:
    rows = csv(
        b"email,email_verified,has_owner,attributes,name\n"
        b"a@example.org,maybe,2,[1]," + b"x" * 1100 + b"\n"
    )
    faulty = ["name", "email_verified", "has_owner", "attributes"]
    assert [field for _, field, _ in told(rows)] == faulty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((text, "must be a JSON object") for text in ("{", "[]", "1", "1e999", '{"a":\\u0000}')),
        ("NaN", "must be a JSON object"),
        ("[" * 5000, "is nested more than 16 deep"),
        ('{"a":' * 17 + "1" + "}" * 17, "is nested more than 16 deep"),
    ],
)
def test_attributes_in_a_column_must_be_a_shallow_json_object(text: str, message: str) -> None:
    quoted = text.replace('"', '""')
    rows = csv(f'email,attributes\na@example.org,"{quoted}"\n'.encode())
    ((line, field, sentence),) = told(rows)
    assert (line, field) == (2, "attributes")
    assert sentence.startswith(message)


BAD_OBJECTS = [
    (b"[]", "line", "Expected 'object', got 'array'"),
    (b"1", "line", "Expected 'object', got 'int'"),
    (b'"a@example.org"', "line", "Expected 'object', got 'str'"),
    (b"{}", "line", "Object missing required field 'email'"),
    (b'{"email": 1}', "email", "Expected 'str', got 'int'"),
    (b'{"email": "b", "phone": 1}', "line", "Object contains unknown field 'phone'"),
    (b'{"email": "b", "roles": "admin"}', "roles", "Expected 'array', got 'str'"),
    (b'{"email": "b", "roles": [1]}', "roles[0]", "Expected 'str', got 'int'"),
    (b'{"email": "b", "email_verified": "yes"}', "email_verified", "Expected 'bool', got 'str'"),
    (b'{"email": "b", "attributes": []}', "attributes", "Expected"),
    (b'{"email": "b", "attributes": {"n": 1e999}}', "attributes[...]", "Number out of range"),
    (b'{"email": "b", "attributes": {"n": NaN}}', "line", "is not JSON:"),
    (b'{"email": "b"', "line", "is not JSON:"),
    (b'{"email": "b"} {}', "line", "is not JSON:"),
    (b'{"email": "\xff"}', "line", "is not UTF-8 (byte 12)"),
    (b'{"email": "' + b"x" * 2000 + b'"}', "email", "is over 1024 characters"),
    (b'{"email": "b", "attributes": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, "line", "is nested"),
    (b'{"email": "b", "attributes": ' + b'{"a":' * 16 + b"1" + b"}" * 17, "line", "is nested"),
    (b"{" + b" " * LONGEST_LINE, "line", f"is over {LONGEST_LINE} bytes long"),
    (b"email,name", "line", "is not JSON:"),
]


@pytest.mark.parametrize(("record", "field", "message"), BAD_OBJECTS)
def test_a_bad_object_spoils_its_own_line_alone(record: bytes, field: str, message: str) -> None:
    rows = jsonl(b'{"email": "a"}\n' + record + b'\n{"email": "c"}')
    assert lines_of(rows) == [1, 3]
    ((line, place, sentence),) = told(rows)
    assert (line, place) == (2, field)
    assert sentence.startswith(message)


def test_an_object_may_hold_everything() -> None:
    (row,) = jsonl(write_jsonl([FULL]))
    assert isinstance(row, AccountRow)
    assert row == replace(FULL, line=1)


TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=" \u00a0"),
    min_size=1,
    max_size=30,
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | TEXT
    # Subnormal and other floats come back to the last bit.
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(
    st.builds(
        AccountRow,
        line=st.just(0),
        email=TEXT,
        username=st.none() | TEXT,
        name=TEXT | st.just(""),
        locale=st.none() | TEXT,
        status=st.sampled_from(["active", "pending", "suspended"]),
        roles=st.lists(st.sampled_from(["admin", "a-b@2026-01-01T00:00:00Z"]), max_size=3).map(
            tuple
        ),
        email_verified=st.booleans(),
        has_owner=st.booleans(),
        attributes=st.none() | st.dictionaries(TEXT, JSON, min_size=1, max_size=3),
        password_hash=st.none() | TEXT,
    ),
    max_size=5,
)

BOTH: list[tuple[Callable[[list[AccountRow]], bytes], Callable[[bytes], list[Row]], int]] = [
    (lambda rows: write_csv(rows, has_header=True), csv, 2),
    (write_jsonl, jsonl, 1),
]


@pytest.mark.parametrize(("write", "read", "first"), BOTH)
@given(rows=ROWS)
def test_what_is_written_is_read_the_same(
    write: Callable[[list[AccountRow]], bytes],
    read: Callable[[bytes], list[Row]],
    first: int,
    rows: list[AccountRow],
) -> None:
    assert read(write(rows)) == [replace(row, line=line) for line, row in enumerate(rows, first)]


NASTY = st.text('",\n\r;{}[]:aé\0\ufeff', max_size=60).map(str.encode)


@pytest.mark.parametrize("read", [csv, jsonl])
@given(
    data=st.binary(max_size=300) | st.text('",\n\r;{}[]:aé\0\ufeff', max_size=60).map(str.encode)
)
def test_nothing_that_comes_breaks_the_readers(
    read: Callable[[bytes], list[Row]], data: bytes
) -> None:
    try:
        rows = read(b"email,name\n" + data if read is csv else data)
    except InvalidInput:
        return
    assert all(isinstance(row, AccountRow) or row for row in rows)


def test_memory_stays_bounded_however_long_a_line_is() -> None:
    class Endless(io.RawIOBase):
        """A gigabyte of one line."""

        def __init__(self) -> None:
            self.left = 1 << 30
            self.largest = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size > 0
            self.largest = max(self.largest, size)
            if self.left > 0:
                self.left -= size
                return b"x" * size
            return b""

    stream = Endless()
    (line,) = read_lines(stream)  # type: ignore[arg-type]
    assert line.fault is not None
    assert stream.largest <= LONGEST_LINE + 1


@pytest.mark.parametrize(
    ("name", "format_", "data"),
    [
        ("people.csv", None, b"email\na@example.org\n"),
        ("people", None, b"email\na@example.org\n"),
        ("-", None, b'\n {"email": "a@example.org"}\n'),
        ("people.jsonl", None, b'{"email": "a@example.org"}\n'),
        ("people.NDJSON", None, b'{"email": "a@example.org"}\n'),
        ("people.csv", "jsonl", b'{"email": "a@example.org"}\n'),
        ("people.jsonl", "csv", b"email\na@example.org\n"),
    ],
)
def test_the_format_is_said_or_told_by_name_or_content(
    name: str, format_: str | None, data: bytes
) -> None:
    (row,) = read_rows(io.BytesIO(data), name=name, format_=format_, delimiter=",")
    assert isinstance(row, AccountRow)
    assert row.email == "a@example.org"


def test_an_empty_file_of_objects_holds_nobody() -> None:
    assert list(read_rows(io.BytesIO(b""), name="x.jsonl", format_=None, delimiter=",")) == []
