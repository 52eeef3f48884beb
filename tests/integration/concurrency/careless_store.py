"""A store whose conditional writes decide nothing, for a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch

from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Statement
from limen.core.errors import LimenError
from limen.ports.unit_of_work import UnitOfWorkFactory
from tests.integration.concurrency.race import open_sql


def _write_without_looking(
    self: Desk, _error: type[LimenError], statement: Statement, /, **values: object
) -> None:
    self.defer(statement, **values)


@asynccontextmanager
async def open_careless(url: str) -> AsyncIterator[UnitOfWorkFactory]:
    """Open a database, and do not look whether a write that must change a row did."""
    with patch.object(Desk, "demand", _write_without_looking):
        async with open_sql(url) as unit_of_work:
            yield unit_of_work
