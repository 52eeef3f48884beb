from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

from benchmarks.people import email_of, id_of, person, records
from limen.core.users.model import Email, Username

FEW = 2_000


def test_nobody_shares_an_id_or_an_address() -> None:
    assert len({id_of(number) for number in range(FEW)}) == FEW
    assert len({email_of(number) for number in range(FEW)}) == FEW


def test_ids_are_of_version_7_and_in_order() -> None:
    ids = [id_of(number) for number in range(FEW)]
    assert {found.version for found in ids} == {7}
    assert ids == sorted(ids)


def test_people_are_what_limen_would_have_made_of_them() -> None:
    somebody = person(7)
    assert somebody.email.key == Email.parse(somebody.email.address).key
    assert somebody.username is not None
    assert somebody.username.key == Username.parse(somebody.username.name).key


def test_rows_have_a_value_for_each_column() -> None:
    for table in records(SQLiteDialect_aiosqlite(paramstyle="qmark"), range(3)):
        assert [len(row) for row in table.rows] == [len(table.columns)] * 3
