"""Changes that PostgreSQL gets as one statement."""

import re
from uuid import UUID

import pytest

from limen.adapters.sql import families, outbox, sessions
from limen.adapters.sql.postgresql import PostgresqlEngine, are_at_once, in_one
from limen.adapters.sql.statements import Call
from limen.core.errors import ConcurrentUpdate
from limen.testing.fakes import NOON

DIALECT = PostgresqlEngine("postgresql://nowhere", pool_size=1).dialect
SESSION = UUID(int=1)


def rotating(or_else: type[ConcurrentUpdate] | None = ConcurrentUpdate) -> Call:
    values = {
        "session_id": SESSION,
        "previous": 1,
        "generation": 2,
        "digest": b"new",
        "previous_digest": b"old",
        "rotated_at": NOON,
    }
    compiled = families._ROTATE.on(DIALECT)
    return Call(compiled, compiled.bind(values), or_else=or_else)


def telling() -> Call:
    row = {"id": UUID(int=2), "name": "x", "at": NOON, "actor": {}, "user_id": None, "payload": {}}
    return outbox.EMIT.call(DIALECT, [row])


def using() -> Call:
    values = {"id": SESSION, "last_used_at": NOON, "idle_expires_at": NOON, "runs_out_at": NOON}
    return sessions._USE.call(DIALECT, values)


def ending() -> Call:
    return sessions._END_FAMILIES.call(DIALECT, {"user_id": UUID(int=3), "now": NOON})


@pytest.mark.parametrize(
    ("calls", "are"),
    [
        ([rotating()], True),
        ([rotating(), telling()], True),
        # Rows are locked in the order of the calls, and a statement with parts has none.
        ([using(), rotating(), telling()], False),
        # It reads which sessions the call before it ended.
        ([ending(), telling()], True),
        ([using(), ending()], False),
        ([telling(), telling()], False),
        # Only the first can be told to have found nothing.
        ([telling(), rotating()], False),
    ],
)
def test_only_what_needs_no_order_is_run_at_once(calls: list[Call], are: bool) -> None:
    assert are_at_once(calls) is are


def test_every_parameter_keeps_its_value() -> None:
    parts = [rotating(), telling()]
    sql, *values = in_one(parts)
    numbers = [int(number) for number in re.findall(r"\$(\d+)", sql)]
    assert sorted(set(numbers)) == list(range(1, len(values) + 1))
    assert values == [value for part in parts for value in part.values]
    place = re.search(r"refresh_families.session_id = \$(\d+)", sql)
    assert place is not None
    assert values[int(place[1]) - 1] == SESSION


def test_a_change_that_must_be_one_divides_by_how_many_rows_it_changed() -> None:
    assert in_one([rotating(), telling()])[0].endswith("SELECT 1 / count(*) FROM c0")
    assert in_one([rotating(None), telling()])[0].endswith("SELECT 1")
