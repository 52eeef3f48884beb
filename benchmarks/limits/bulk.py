"""Bare bulk inserts: COPY, and executemany. Run as a program it times them."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg

from benchmarks.limits.answering import answer
from benchmarks.people import Records, records
from limen.adapters.sql.postgresql import PostgresqlEngine
from limen.adapters.sql.sqlite import SqliteEngine, connect


async def insert_into_postgresql(url: str, numbers: Iterable[int]) -> float:
    """Copy people and their passwords in one transaction; return the seconds it took."""
    made = records(PostgresqlEngine(url, pool_size=1).dialect, numbers)
    connection = await asyncpg.connect(url)
    begin = perf_counter()
    async with connection.transaction():
        for table in made:
            await connection.copy_records_to_table(
                table.table, columns=table.columns, records=table.rows
            )
    seconds = perf_counter() - begin
    await connection.close()
    return seconds


def insert_into_sqlite(path: Path, numbers: Iterable[int]) -> float:
    """Insert people and their passwords in one transaction; return the seconds it took."""
    made = records(SqliteEngine(path, pool_size=1).dialect, numbers)
    connection = connect(path)
    begin = perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for table in made:
        connection.executemany(_insert(table), table.rows)
    connection.execute("COMMIT")
    seconds = perf_counter() - begin
    connection.close()
    return seconds


def _insert(table: Records) -> str:
    names = ", ".join(table.columns)
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.table} ({names}) VALUES ({marks})"  # noqa: S608 - limen's names.


def _measure(question: dict[str, Any]) -> dict[str, float]:
    url, numbers = question["url"], range(question["people"])
    if url.startswith("sqlite:///"):
        seconds = insert_into_sqlite(Path(url.removeprefix("sqlite:///")), numbers)
    else:
        seconds = asyncio.run(insert_into_postgresql(url, numbers))
    return {"figure": len(numbers) / seconds}


if __name__ == "__main__":
    answer(_measure)
