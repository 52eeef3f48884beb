"""Throttling: how many attempts are too many, and for how long."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

from limen.core.errors import TooManyAttempts
from limen.core.ids import UserId

_MOST_DOUBLINGS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlePolicy:
    """How attempts against one account, and from one address, are slowed down.

    Against an account the first `free_failures` cost nothing; each further one doubles the wait,
    from `first_wait` to `longest_wait`. From the `many_failures`-th in a row (NIST SP 800-63B-4
    section 3.2.2) every wait is `locked_wait`. From one address there are `per_address` failures in
    a window; when they were against `many_accounts` different ones, that is suspicious. Counts are
    forgotten after `memory` without an attempt.
    """

    free_failures: int = 5
    first_wait: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(minutes=15)
    many_failures: int = 100
    locked_wait: timedelta = timedelta(hours=24)
    per_address: int = 100
    many_accounts: int = 20
    window: timedelta = timedelta(minutes=15)
    memory: timedelta = timedelta(days=7)

    @property
    def suspicious_accounts(self) -> int:
        """After how many accounts a network is suspected; it cannot fail more often than it may."""
        return min(self.many_accounts, self.per_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """The attempts counted under one key: against one account or from one address."""

    key: str
    attempts: int = 0
    since: datetime
    last_at: datetime
    blocked_until: datetime | None = None

    def _refuse_blocked(self, now: datetime) -> None:
        if self.blocked_until is not None and now < self.blocked_until:
            raise TooManyAttempts(retry_after=(self.blocked_until - now).total_seconds())

    def charge_account(self, policy: ThrottlePolicy, now: datetime) -> "Throttle":
        """Count an attempt against an account before its outcome is known.

        Raises `TooManyAttempts`, with how long to wait, and counts nothing, while one must wait.
        """
        self._refuse_blocked(now)
        forgotten = now - self.last_at > policy.memory
        attempts = 1 if forgotten else self.attempts + 1
        wait = _wait(attempts, policy)
        return replace(
            self,
            attempts=attempts,
            since=now if forgotten else self.since,
            last_at=now,
            blocked_until=now + wait if wait else None,
        )

    def charge_window(self, most: int, window: timedelta, now: datetime) -> "Throttle":
        """Count an attempt, of which there may be `most` in each `window`, before its outcome.

        Raises `TooManyAttempts` and counts nothing when the window is full.
        """
        is_over = now - self.since >= window
        attempts = 0 if is_over else self.attempts
        since = now if is_over else self.since
        if attempts >= most:
            raise TooManyAttempts(retry_after=(since + window - now).total_seconds())
        return replace(self, attempts=attempts + 1, since=since, last_at=now)

    def forgiven(self) -> "Throttle":
        """Take one attempt back, with the wait it brought: it was good, or nobody judged it."""
        return replace(self, attempts=max(self.attempts - 1, 0), blocked_until=None)


def _wait(attempts: int, policy: ThrottlePolicy) -> timedelta:
    if attempts >= policy.many_failures:
        return policy.locked_wait
    beyond = attempts - policy.free_failures
    if beyond <= 0:
        return timedelta(0)
    doublings = min(beyond - 1, _MOST_DOUBLINGS)
    return min(policy.first_wait * (1 << doublings), policy.longest_wait)


def of_user(user_id: UserId) -> str:
    """Name the subject of attempts against a user, by whichever name they are called."""
    return f"user:{user_id}"


def of_user_at(user_id: UserId, address: str) -> str:
    """Name the subject of attempts against a user from a network where they are signed in."""
    return f"user:{user_id} at {_network(address)}"


def of_user_in_known_browser(user_id: UserId) -> str:
    """Name the subject of attempts against a user in all browsers they have signed in with.

    One for all of them: somebody who could make more browsers known has no more attempts by it.
    """
    return f"user:{user_id} in a known browser"


def of_network(address: str | None) -> str:
    """Name the network of an address, as throttling counts them; nothing names none."""
    return "" if address is None else _network(address)


def of_factor(subject: str, factor: str) -> str:
    """Name the subject of attempts at one second factor of a subject, counted apart from it."""
    return f"{factor} of {subject}"


def of_stranger(key: str | None, text: str) -> str:
    """Name the subject of attempts against nobody: by the key all spellings of a name share."""
    return f"nobody:{key}" if key is not None else f"nothing:{text}"


def is_same_network(one: str | None, other: str | None) -> bool:
    """Tell whether two addresses are known and lie in one network, as throttling counts them."""
    return one is not None and other is not None and _network(one) == _network(other)


def account_key(subject: str) -> str:
    """Name the throttle of attempts against a subject."""
    return "account:" + hashlib.sha256(subject.encode(errors="replace")).hexdigest()


def address_key(address: str, purpose: str = "address") -> str:
    """Name the throttle of a network address; of IPv6 the /64, which one host owns whole."""
    return f"{purpose}:" + hashlib.sha256(_network(address).encode()).hexdigest()


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))
