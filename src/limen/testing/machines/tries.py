"""What the machine about throttling knows: who tried how often, and how long one waits."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from limen.core.errors import LimenError, SessionEnded, StepUpNeeded, TooManyAttempts
from limen.core.ids import SessionId, UserId
from limen.core.signin.entering import SignInOutcome
from limen.core.throttles.model import ThrottlePolicy
from limen.testing.machines.gate import Underway

# Small numbers, so that a few steps reach every edge.
POLICY: Final = ThrottlePolicy(
    free_failures=2,
    first_wait=timedelta(seconds=20),
    longest_wait=timedelta(seconds=70),
    many_failures=7,
    locked_wait=timedelta(hours=2),
    per_address=5,
    many_accounts=3,
    window=timedelta(minutes=15),
    memory=timedelta(days=1),
)
IDLE: Final = timedelta(days=2)
FRESH: Final = timedelta(minutes=10)
WORTH_TELLING: Final = timedelta(minutes=1)

# What follows from the policy: the seconds one waits after the n-th attempt in a row.
_WAITS: Final = {1: 0, 2: 0, 3: 20, 4: 40, 5: 70, 6: 70}
_LOCKED: Final = 2 * 60 * 60

MICROSECOND: Final = timedelta(microseconds=1)
WAITS: Final = st.sampled_from(
    [
        MICROSECOND,
        timedelta(seconds=20),
        POLICY.window,
        POLICY.locked_wait,
        POLICY.memory + MICROSECOND,
        IDLE,
        timedelta(days=8),
        -timedelta(seconds=20),
        -POLICY.window,
    ]
)

# Addresses, and the networks as which they count.
NETWORKS: Final = {
    "203.0.113.1": "203.0.113.1",
    "::ffff:203.0.113.1": "203.0.113.1",
    "203.0.113.2": "203.0.113.2",
    "2001:db8::1": "2001:db8::/64",
    "2001:db8::2:2": "2001:db8::/64",
    "2001:db8:0:1::1": "2001:db8:0:1::/64",
}


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted under one name."""

    count: int = 0
    since: datetime | None = None
    last_at: datetime | None = None
    blocked_until: datetime | None = None

    def wait(self, now: datetime) -> timedelta | None:
        """Say how long an account has to wait before the next attempt, if it has to."""
        until = self.blocked_until
        return until - now if until is not None and now < until else None

    def tried(self, now: datetime) -> "Tally":
        """Count an attempt against an account."""
        is_forgotten = self.last_at is not None and now - self.last_at > POLICY.memory
        count = 1 if is_forgotten else self.count + 1
        seconds = _WAITS.get(count, _LOCKED)
        until = now + timedelta(seconds=seconds) if seconds else None
        return replace(self.touched(now), count=count, last_at=now, blocked_until=until)

    def window_wait(self, most: int, window: timedelta, now: datetime) -> timedelta | None:
        """Say how long an address has to wait until its window is over, if it is full."""
        if self.since is None or now >= self.since + window or self.count < most:
            return None
        return self.since + window - now

    def tried_in_window(self, window: timedelta, now: datetime) -> "Tally":
        """Count an attempt from an address."""
        is_over = self.since is None or now >= self.since + window
        begun = Tally(since=now) if is_over else self
        return replace(begun, count=begun.count + 1, last_at=now)

    def touched(self, now: datetime) -> "Tally":
        """Begin to be kept, if nothing was until now."""
        return replace(self, since=self.since or now, last_at=self.last_at or now)

    def is_first_since(self, begun: datetime) -> bool:
        """Tell whether an attempt now is the first one since then."""
        return self.count == 0 or self.last_at is None or self.last_at < begun

    def failed_in(self, begun: datetime, now: datetime) -> "Tally":
        """Count one more account that a network failed at, in the window that began then."""
        if self.count and self.since is not None and self.since > begun:
            return self
        count = self.count + 1 if self.since == begun else 1
        return replace(self, count=count, since=begun, last_at=now)

    def forgiven(self, now: datetime) -> "Tally":
        """Take one attempt back, with the wait it brought."""
        return replace(self.touched(now), count=max(self.count - 1, 0), blocked_until=None)

    def is_past(self, before: datetime) -> bool:
        """Tell whether nobody needs it any more."""
        is_free = self.blocked_until is None or self.blocked_until <= before
        return self.last_at is not None and self.last_at < before and is_free


@dataclass(slots=True)
class Entered:
    """A sign-in as the model knows it."""

    network: str | None
    at: datetime
    until: datetime
    session_id: SessionId | None = None
    ended_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Tell whether it still counts."""
        return self.ended_at is None and now < self.until

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether it allows what could take the account from its owner."""
        return now < self.at + FRESH

    @property
    def end(self) -> datetime:
        """The instant from which it was over."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)


@dataclass(slots=True)
class Owner:
    """A user as the model knows them; `digest` counts their password hashes."""

    id: UserId
    password: str
    is_there: bool = True
    is_active: bool = True
    digest: int = 1
    sessions: list[Entered] = field(default_factory=list)
    known: set[str | None] = field(default_factory=set)

    def enters_anew(self, network: str | None, now: datetime) -> bool:
        """Begin a session; tell whether others are known, and not this network."""
        is_new = bool(self.known) and network not in self.known
        self.known.add(network)
        self.sessions.append(Entered(network, now, now + IDLE))
        return is_new

    def replace_password(
        self,
        new: str,
        now: datetime,
        *,
        keep: Entered | None = None,
        known: Collection[str | None] = (),
    ) -> None:
        """Have another password, no sessions but the one to keep, and no other known networks."""
        self.password = new
        self.digest += 1
        self.end_sessions(now, keep=keep)
        self.known = set(known)

    def end_sessions(self, now: datetime, *, keep: Entered | None = None) -> int:
        """End all that have not ended, but for the one to keep; return how many."""
        going_on = [one for one in self.sessions if one.ended_at is None and one is not keep]
        for one in going_on:
            one.ended_at = now
        return len(going_on)


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """An attempt that was counted, and waits for its password to be checked."""

    did: str
    underway: Underway[SignInOutcome]
    names: tuple[str, ...]
    network: str | None
    owner: Owner | None
    is_right: bool
    was_active: bool
    digest: int
    begun: datetime
    is_first: bool


def window_of(now: datetime) -> datetime:
    """Return when the window began in which accounts are counted: on the quarter of an hour."""
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)


def network_of(address: str | None) -> str | None:
    """Return the network as which an address counts."""
    return None if address is None else NETWORKS[address]


def throttled(wait: timedelta | None) -> tuple[type[LimenError], ...]:
    """Return what an attempt must hear for which one has to wait so long, if at all."""
    return () if wait is None else (TooManyAttempts,)


def staleness(session: Entered | None, now: datetime) -> tuple[type[LimenError], ...]:
    """Say why what needs a fresh sign-in is refused in this session, if it is."""
    if session is None:
        return (StepUpNeeded,)
    if not session.is_live(now):
        return (SessionEnded,)
    return () if session.is_fresh(now) else (StepUpNeeded,)
