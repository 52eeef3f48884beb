"""What truly happened: every commit, and all rows as the commits have left them."""

from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from limen.adapters.memory.store import TABLES, MemoryStore
from limen.core.events import Event
from limen.core.idempotency.model import Attempt
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.roles.model import Permission
from limen.testing.fakes import FrozenClock
from limen.testing.simulation.catalogue import DONE_ONCE, Invariant

_COMMITS_KEPT: Final = 200
# Tables by user: what goes with them.
OWNED: Final = (
    *("passwords", "grants", "user_sessions", "user_proofs"),
    *("totps", "waiting_totps", "recovery_codes", "passkeys"),
)


# Something that changed, or that an event tells of: its kind, and what it is about.
Fact: TypeAlias = tuple[object, ...]


class Change(NamedTuple):
    """One row before and after a commit; `None` is no row."""

    table: str
    key: Any
    before: Any
    after: Any


@dataclass(slots=True, kw_only=True)
class Call:
    """One use case that a client asked a worker for, and what the store saw of it.

    `password` is what was shown, `browser` the secret of one, `shown` the token, `cookie` that of
    a session that rises, `credential` what remembers a browser. `needs` and `over` are the
    permission that the use case asks for and the user it is about. `tells` are events of which a
    success has one.
    """

    name: str
    told: str
    worker: int
    by: UserId | None = None
    password: str | None = None
    browser: str | None = None
    shown: str | None = None
    cookie: str | None = None
    credential: str | None = None
    needs: Permission | None = None
    over: UserId | None = None
    tells: tuple[str, ...] = ()
    began_at: datetime
    began_after: int
    commits: list["Commit"] = field(default_factory=list)
    charges: int = 0
    outages: int = 0
    failed_changes: int = 0
    is_clean: bool = True
    is_cut: bool = False
    outcome: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One transaction: `highest` is the latest instant that any clock has shown until then."""

    number: int
    at: datetime
    highest: datetime
    worker: int
    call: Call | None
    changes: tuple[Change, ...]
    events: tuple[Event, ...]

    @property
    def latest(self) -> datetime:
        """The latest instant that the use case may have taken for now."""
        began = self.at if self.call is None else self.call.began_at
        return max(self.at, began, self.highest)


class Ended(NamedTuple):
    """When, and by which worker, a session ended."""

    commit: int
    highest: datetime
    worker: int


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold, and how that showed."""

    invariant: Invariant
    found: str


CALL: Final[ContextVar[Call | None]] = ContextVar("limen_simulated_call", default=None)


class Journal:
    """Keeps every row as committed, apart from the store, and what is needed to judge calls."""

    def __init__(self, store: MemoryStore, clock: FrozenClock) -> None:
        """Begin with what is in `store` already."""
        self.store = store
        self.clock = clock
        self.rows: dict[str, dict[Any, Any]] = {
            name: dict(getattr(store.rows, name).items()) for name in TABLES
        }
        self.highest = clock.now()
        self.commits: deque[Commit] = deque(maxlen=_COMMITS_KEPT)
        self.count = 0
        self.events = len(self.rows["events"])
        self.touched: set[tuple[str, Any]] = set()
        self.violation: Violation | None = None
        self.passwords: dict[str, str] = {}
        self.ended: dict[SessionId, Ended] = {}
        self.successors: dict[tuple[SessionId, int], str] = {}
        self.replaced: dict[tuple[SessionId, int], datetime] = {}
        self.used: dict[str, RememberedId] = {}
        self.carried: set[SessionId] = set()
        self.answers: dict[tuple[bytes, datetime], str] = {}

    def violate(self, invariant: Invariant, found: str) -> None:
        """Keep the first violation; those after it may follow from it."""
        if self.violation is None:
            self.violation = Violation(invariant, found)

    def advance(self, by: timedelta) -> datetime:
        """Let time go on, or a little back."""
        now = self.clock.advance(by)
        self.highest = max(self.highest, now)
        return now

    def now(self, table: str, key: Any) -> Any:
        """Return a row as it is committed, or `None`."""
        return self.rows[table].get(key)

    def during(self, call: Call, table: str, key: Any) -> Iterator[Any]:
        """Yield every state that a row was in between the beginning of a call and now."""
        yield self.rows[table].get(key)
        for commit in self.since(call):
            for change in commit.changes:
                if change.table == table and change.key == key:
                    yield change.before

    def at_start(self, call: Call, table: str, key: Any) -> Any:
        """Return a row as it was when a call began."""
        *_, first = self.during(call, table, key)
        return first

    def since(self, call: Call) -> Iterator[Commit]:
        """Yield the commits since a call began, the newest first."""
        for commit in reversed(self.commits):
            if commit.number <= call.began_after:
                return
            yield commit

    def answered(self, attempt: Attempt, answer: str) -> None:
        """Keep what was answered; the same attempt must never be answered otherwise."""
        known = self.answers.setdefault((attempt.scope, attempt.begun_at), answer)
        if known != answer:
            self.violate(DONE_ONCE, f"answered {known}, then {answer}")

    def record(self, changes: tuple[Change, ...], events: tuple[Event, ...], worker: int) -> Commit:
        """Take down a commit that has just become durable."""
        call = CALL.get()
        self.count += 1
        commit = Commit(
            number=self.count,
            at=self.clock.now(),
            highest=self.highest,
            worker=worker,
            call=call,
            changes=changes,
            events=events,
        )
        self.commits.append(commit)
        if call is not None:
            call.commits.append(commit)
        return commit

    def apply(self, commit: Commit) -> None:
        """Bring the rows to where the commit has left them."""
        for table, key, _, after in commit.changes:
            rows = self.rows[table]
            if after is None:
                rows.pop(key, None)
            else:
                rows[key] = after
            self.touched.add((table, key))
        self.events += len(commit.events)
