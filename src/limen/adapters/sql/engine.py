"""What both databases look like from above: a channel that runs calls, and a desk over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.engine import Dialect

from limen.adapters.sql.statements import Bulk, Call, Row, Statement
from limen.core.errors import LimenError, StorageReadOnly


@dataclass(frozen=True, slots=True)
class Result:
    """The rows that came back, and how many were read or changed."""

    rows: Sequence[Row]
    count: int


class Channel(Protocol):
    """A way into a database for one view or one unit of work.

    Errors are the core's; see `limen.adapters.sql.errors`.
    """

    async def run(self, calls: Sequence[Call], *, is_last: bool = False) -> Result:
        """Run `calls` in order and return what the last one gave.

        With `is_last` commit after them. Calls together cost as few round trips as possible.
        Raises what a call names as `or_else` if it changes nothing.
        """
        ...

    async def leave(self) -> None:
        """Undo what was not committed and give everything back, even when cancelled."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStats:
    """How many connections there may be, are, and are in use."""

    limit: int
    size: int
    busy: int


class Engine(Protocol):
    """One database: opens channels, keeps connections."""

    @property
    def dialect(self) -> Dialect:
        """How statements are compiled."""
        ...

    async def open(self) -> None:
        """Get ready; needs a running event loop."""
        ...

    async def close(self) -> None:
        """Close every connection, after those in use have come back."""
        ...

    def reading(self) -> Channel:
        """Return a channel on which every statement stands alone and none may write."""
        ...

    def writing(self) -> Channel:
        """Return a channel for one transaction, which begins with its first statement."""
        ...

    def stats(self) -> PoolStats:
        """Return how busy the connections are."""
        ...


class Desk:
    """Where repositories get at the database: every statement passes here."""

    __slots__ = ("_channel", "_deferred", "_is_writable", "_state", "dialect")

    def __init__(self, channel: Channel, dialect: Dialect, *, is_writable: bool) -> None:
        """Run statements through `channel`; refuse those that write unless `is_writable`."""
        self._channel = channel
        self.dialect = dialect
        self._is_writable = is_writable
        self._deferred: list[Call] = []
        self._state: str | None = None

    async def fetch_all(self, statement: Statement, /, **values: object) -> list[Row]:
        """Run a statement and return its rows."""
        call = self._prepare(statement, values)
        result = await self._run(call)
        if not call.compiled.readers:
            return list(result.rows)
        return [call.compiled.read(row) for row in result.rows]

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """Run a statement and return its first row, if there is one."""
        call = self._prepare(statement, values)
        result = await self._run(call)
        return call.compiled.read(result.rows[0]) if result.rows else None

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """Run a statement and return how many rows it changed."""
        return (await self._run(self._prepare(statement, values))).count

    async def insert(self, bulk: Bulk, rows: Sequence[Mapping[str, object]]) -> int:
        """Insert rows and return how many were inserted."""
        self._refuse_reader()
        if not rows:
            return 0
        return (await self._run(bulk.call(self.dialect, rows))).count

    def defer(self, statement: Statement, /, **values: object) -> None:
        """Run a statement together with the next one, or with the commit.

        For writes that cannot fail by what they say and whose outcome nobody asks for: they ride
        along instead of paying a round trip of their own.
        """
        self.refuse_over()
        self._deferred.append(self._prepare(statement, values))

    def demand(self, error: type[LimenError], statement: Statement, /, **values: object) -> None:
        """Defer a write that must change a row: the next statement, or the commit, fails if not."""
        self.refuse_over()
        call = self._prepare(statement, values)
        self._deferred.append(Call(call.compiled, call.values, or_else=error))

    async def commit(self, bulk: Bulk, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert `rows` and commit, in one go; nothing may follow."""
        self._refuse_reader()
        self.refuse_over()
        calls, self._deferred = self._deferred, []
        if rows:
            calls.append(bulk.call(self.dialect, rows))
        self._state = "this unit of work has failed"
        await self._channel.run(calls, is_last=True)
        self._state = "this unit of work is over"

    async def leave(self) -> None:
        """Serve nothing any more, and undo what was not committed."""
        self._state = self._state or "this unit of work, or view, is over"
        await self._channel.leave()

    def refuse_over(self) -> None:
        """Raise `RuntimeError` once this is over: a change made now would be lost unseen."""
        if self._state is not None:
            raise RuntimeError(self._state)

    def _prepare(self, statement: Statement, values: Mapping[str, object]) -> Call:
        call = statement.call(self.dialect, values)
        if call.compiled.writes:
            self._refuse_reader()
        return call

    def _refuse_reader(self) -> None:
        if not self._is_writable:
            raise StorageReadOnly

    async def _run(self, call: Call) -> Result:
        self.refuse_over()
        if self._deferred:
            calls, self._deferred = [*self._deferred, call], []
        else:
            calls = [call]
        try:
            return await self._channel.run(calls)
        except BaseException:
            # Half of a change may be missing now; PostgreSQL would not go on either.
            if self._is_writable:
                self._state = "this unit of work has failed"
            raise
