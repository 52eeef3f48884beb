"""Counting attempts, held against a count of its own."""

from dataclasses import replace
from datetime import timedelta

from limen.core.events import (
    EmailVerified,
    FactorEnrolled,
    FirstFactorProved,
    PasswordChanged,
    PasswordReset,
    PasswordSet,
    SessionSteppedUp,
    SignedIn,
    UserCreated,
    UserRegistered,
)
from limen.core.throttles.model import ThrottlePolicy
from limen.testing.simulation.catalogue import NOT_FORGOTTEN, THROTTLED
from limen.testing.simulation.journal import Change, Commit, Journal

_SUCCESSES = (
    *(SignedIn, FirstFactorProved, SessionSteppedUp),
    *(PasswordChanged, PasswordSet, PasswordReset),
    *(EmailVerified, FactorEnrolled),
)
# What a proof uses up, of which no event tells.
_USED_UP = frozenset({"totps", "recovery_codes", "proofs"})


def examine_throttle(
    journal: Journal, commit: Commit, change: Change, policy: ThrottlePolicy
) -> None:
    """Judge one change of one count."""
    if change.key.startswith("account:"):
        if change.before is None and change.after is None:
            return
        if _is_taken_over(commit, change):
            return
        if change.after is None:
            _removed(journal, commit, change, policy)
        elif change.before is None or change.after.attempts > change.before.attempts:
            _charged(journal, commit, change, policy)
        else:
            _lowered(journal, commit, change, policy)


def _is_taken_over(commit: Commit, change: Change) -> bool:
    """Tell whether the attempts at a name became those of its new user, all of them."""
    if not any(isinstance(event, (UserRegistered, UserCreated)) for event in commit.events):
        return False
    counts = [
        other
        for other in commit.changes
        if other.table == change.table and other.key.startswith("account:")
    ]
    gone = [other.before for other in counts if other.before and not other.after]
    come = [other.after for other in counts if other.after and not other.before]
    if change.after is None:
        return any(change.before.attempts <= after.attempts for after in come)
    return any(replace(before, key=change.key) == change.after for before in gone)


def _charged(journal: Journal, commit: Commit, change: Change, policy: ThrottlePolicy) -> None:
    before, after = change.before, change.after
    attempts = 0 if before is None else before.attempts
    if after.attempts == 0:
        return
    if commit.call is not None:
        commit.call.charges += 1
    if (
        before is not None
        and before.blocked_until is not None
        and after.last_at < before.blocked_until
    ):
        journal.violate(THROTTLED, f"an attempt at {after.last_at}, during a wait")
    wait = _wait(after.attempts, policy)
    blocked = None if after.blocked_until is None else after.blocked_until - after.last_at
    if (blocked or timedelta(0)) != wait:
        journal.violate(THROTTLED, f"attempt {after.attempts} brings {blocked}, not {wait}")
    if after.attempts != attempts + 1:
        journal.violate(NOT_FORGOTTEN, f"{attempts} attempts became {after.attempts}")


def _lowered(journal: Journal, commit: Commit, change: Change, policy: ThrottlePolicy) -> None:
    """Fewer than before: forgotten by age, or taken back because nobody judged it."""
    before, after = change.before, change.after
    is_old = commit.latest - before.last_at > policy.memory and after.attempts == 1
    is_taken_back = (
        commit.call is not None
        and commit.call.charges > 0
        and after.attempts in {before.attempts - 1, before.attempts}
    )
    if is_old:
        _count_forgotten(commit)
    elif is_taken_back and commit.call is not None:
        commit.call.charges -= before.attempts - after.attempts
    elif after != before:
        journal.violate(NOT_FORGOTTEN, f"{before.attempts} attempts became {after.attempts}")


def _count_forgotten(commit: Commit) -> None:
    if commit.call is not None:
        commit.call.charges += 1


def _removed(journal: Journal, commit: Commit, change: Change, policy: ThrottlePolicy) -> None:
    is_success = any(isinstance(event, _SUCCESSES) for event in commit.events)
    is_success |= any(other.table in _USED_UP for other in commit.changes)
    is_old = change.before.last_at < commit.latest - policy.memory
    is_nothing = change.before.attempts == 0 and change.before.blocked_until is None
    if not is_success and not is_old and not is_nothing:
        journal.violate(NOT_FORGOTTEN, f"{change.before.attempts} attempts are gone")


def _wait(attempts: int, policy: ThrottlePolicy) -> timedelta:
    """Return the wait after so many attempts, counted out rather than calculated."""
    if attempts >= policy.many_failures:
        return policy.locked_wait
    wait = timedelta(0)
    for _ in range(policy.free_failures, attempts):
        wait = min(wait * 2 if wait else policy.first_wait, policy.longest_wait)
    return wait
