"""Throttling: how many attempts are too many, and for how long."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

from limen.core.errors import TooManyAttempts

_MOST_DOUBLINGS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlePolicy:
    """How attempts against one account, and from one address, are slowed down.

    Against an account the first `free_failures` cost nothing; each further one doubles the wait,
    from `first_wait` to `longest_wait`. From the `many_failures`-th in a row (NIST SP 800-63B-4
    section 3.2.2) every wait is `locked_wait`. From one address there are `per_address` failures in
    a window. Counts are forgotten after `memory` without an attempt.
    """

    free_failures: int = 5
    first_wait: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(minutes=15)
    many_failures: int = 100
    locked_wait: timedelta = timedelta(hours=24)
    per_address: int = 100
    window: timedelta = timedelta(minutes=15)
    memory: timedelta = timedelta(days=7)


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

    def charge_address(self, policy: ThrottlePolicy, now: datetime) -> "Throttle":
        """Count an attempt from an address before its outcome is known.

        Raises `TooManyAttempts` and counts nothing when the window is full.
        """
        is_over = now - self.since >= policy.window
        attempts = 0 if is_over else self.attempts
        since = now if is_over else self.since
        if attempts >= policy.per_address:
            raise TooManyAttempts(retry_after=(since + policy.window - now).total_seconds())
        return replace(self, attempts=attempts + 1, since=since, last_at=now)

    def forgiven(self) -> "Throttle":
        """Take one attempt back: it turned out to be good."""
        return replace(self, attempts=max(self.attempts - 1, 0))


def _wait(attempts: int, policy: ThrottlePolicy) -> timedelta:
    if attempts >= policy.many_failures:
        return policy.locked_wait
    beyond = attempts - policy.free_failures
    if beyond <= 0:
        return timedelta(0)
    doublings = min(beyond - 1, _MOST_DOUBLINGS)
    return min(policy.first_wait * (1 << doublings), policy.longest_wait)


def account_key(subject: str) -> str:
    """Name the throttle of an account: by user id, or by what was typed if nobody has it."""
    return "account:" + hashlib.sha256(subject.encode()).hexdigest()


def address_key(address: str) -> str:
    """Name the throttle of a network address; of IPv6 the /64, which one host owns whole."""
    return "address:" + hashlib.sha256(_network(address).encode()).hexdigest()


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
