"""Dying between the statements that really go out: below the adapters, at the drivers.

The adapters put statements off until somebody asks for an answer, so that points between the calls
of a unit of work lie elsewhere than those between statements.
"""

import sqlite3
from functools import partial
from typing import Any, cast

import asyncpg

from limen.testing.crashes.points import Course


def watch_drivers(course: Course) -> None:
    """Have every statement of this process pass a point before it, and on PostgreSQL one after."""
    sqlite3.connect = cast("Any", partial(_connect, sqlite3.connect, course))
    asyncpg.create_pool = partial(
        asyncpg.create_pool, connection_class=type("Watched", (_Watched,), {"course": course})
    )


def _connect(connect: Any, course: Course, *args: Any, **named: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = connect(*args, **named)
    # SQLite calls this when a statement is about to run.
    connection.set_trace_callback(lambda sql: course.reach(f"before {_verb(sql)}"))
    return connection


class _Watched(asyncpg.Connection):
    course: Course

    async def execute(self, query: str, *args: Any, **named: Any) -> str:
        self.course.reach(f"before {_verb(query)}")
        status: str = await super().execute(query, *args, **named)
        self.course.reach(f"after {_verb(query)}")
        return status

    async def fetch(self, query: str, *args: Any, **named: Any) -> Any:
        self.course.reach(f"before {_verb(query)}")
        rows = await super().fetch(query, *args, **named)
        self.course.reach(f"after {_verb(query)}")
        return rows


def _verb(sql: str) -> str:
    return sql.split(maxsplit=1)[0]
