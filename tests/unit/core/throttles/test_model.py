import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import TooManyAttempts
from limen.core.ids import UserId
from limen.core.throttles.model import (
    Throttle,
    ThrottlePolicy,
    account_key,
    address_key,
    is_same_network,
    of_stranger,
    of_user,
    of_user_at,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = ThrottlePolicy()
FRESH = Throttle(key="k", since=NOW, last_at=NOW)


def waits(count: int) -> list[float]:
    """How many seconds one has to wait after each of so many attempts made as soon as possible."""
    throttle, now = FRESH, NOW
    found: list[float] = []
    for _ in range(count):
        throttle = throttle.charge_account(POLICY, now)
        wait = (throttle.blocked_until - now).total_seconds() if throttle.blocked_until else 0
        found.append(wait)
        now += timedelta(seconds=wait)
    return found


def test_the_wait_doubles_up_to_a_cap_and_stays_there() -> None:
    assert waits(17)[:5] == [0] * 5
    assert waits(17)[5:10] == [1, 2, 4, 8, 16]
    assert waits(17)[15:] == [900, 900]


def test_a_hundred_failures_in_a_row_cost_a_day_each() -> None:
    assert waits(100)[98:] == [900, 86_400]


def test_while_waiting_nothing_is_counted_and_the_rest_is_told() -> None:
    throttle = FRESH
    for _ in range(8):
        throttle = throttle.charge_account(POLICY, throttle.blocked_until or NOW)
    assert throttle.blocked_until is not None
    with pytest.raises(TooManyAttempts) as refused:
        throttle.charge_account(POLICY, throttle.blocked_until - timedelta(seconds=3))
    assert refused.value.retry_after == 3


def test_counting_keeps_when_it_began_and_notes_when_it_went_on() -> None:
    later = NOW + timedelta(days=1)
    counted = FRESH.charge_account(POLICY, NOW).charge_account(POLICY, later)
    assert counted == Throttle(key="k", attempts=2, since=NOW, last_at=later)
    windowed = FRESH.charge_window(2, timedelta(days=2), later)
    assert windowed == Throttle(key="k", attempts=1, since=NOW, last_at=later)
    again = windowed.charge_window(2, timedelta(days=1), later)
    assert again == Throttle(key="k", attempts=1, since=later, last_at=later)


def test_a_wait_ends_on_the_instant() -> None:
    blocked = replace(FRESH, attempts=6, blocked_until=NOW + timedelta(seconds=1))
    with pytest.raises(TooManyAttempts):
        blocked.charge_account(POLICY, NOW + timedelta(seconds=1, microseconds=-1))
    charged = blocked.charge_account(POLICY, NOW + timedelta(seconds=1))
    assert charged.attempts == 7


def test_after_exactly_a_week_attempts_are_still_known() -> None:
    counted = replace(FRESH, attempts=7)
    week = NOW + timedelta(days=7)
    assert counted.charge_account(POLICY, week).attempts == 8
    forgotten = counted.charge_account(POLICY, week + timedelta(microseconds=1))
    assert forgotten == Throttle(
        key="k",
        attempts=1,
        since=week + timedelta(microseconds=1),
        last_at=week + timedelta(microseconds=1),
    )


def test_a_forgiven_attempt_takes_its_wait_with_it() -> None:
    blocked = replace(FRESH, attempts=7, blocked_until=NOW + timedelta(seconds=1))
    assert blocked.forgiven() == replace(FRESH, attempts=6)


def test_the_wait_never_passes_the_longest_however_it_doubles() -> None:
    patient = ThrottlePolicy(longest_wait=timedelta(days=10**6), many_failures=10**6)
    for attempts in (36, 37, 38, 39, 60):
        counted = replace(FRESH, attempts=attempts).charge_account(patient, NOW)
        assert counted.blocked_until is not None
        doublings = min(attempts + 1 - 5 - 1, 32)
        assert counted.blocked_until - NOW == timedelta(seconds=2**doublings)


def test_subjects_are_told_apart() -> None:
    ada, bob = UserId(UUID(int=1)), UserId(UUID(int=2))
    subjects = [
        of_user(ada),
        of_user(bob),
        of_user_at(ada, "192.0.2.1"),
        of_user_at(ada, "192.0.2.2"),
        of_user_at(bob, "192.0.2.1"),
        of_stranger("ada", "Ada"),
        of_stranger("bob", "Ada"),
        of_stranger(None, "Ada"),
        of_stranger(None, "Bob"),
        of_stranger(None, "ada"),
    ]
    assert len({account_key(subject) for subject in subjects}) == len(subjects)
    assert of_stranger("ada", "Ada") == of_stranger("ada", "ADA")
    assert account_key("\ud800").startswith("account:")
    assert len({address_key("a"), address_key("a", "registration"), account_key("a")}) == 3


def test_networks_are_known_and_the_same() -> None:
    assert is_same_network("192.0.2.1", "192.0.2.1")
    assert is_same_network("2001:db8::1", "2001:db8::2")
    assert not is_same_network("192.0.2.1", "192.0.2.2")
    for one, other in ((None, None), (None, "unix"), ("unix", None)):
        assert not is_same_network(one, other)


def test_keys_of_throttles_are_what_they_were_in_the_versions_before() -> None:
    digest = hashlib.sha256(b"user:1").hexdigest()
    assert account_key("user:1") == f"account:{digest}"
    networks = {
        "192.0.2.1": "192.0.2.1",
        "::ffff:192.0.2.1": "192.0.2.1",
        "2001:db8:1:2:3::1": "2001:db8:1:2::/64",
        "unix": "unix",
    }
    for address, network in networks.items():
        digest = hashlib.sha256(network.encode()).hexdigest()
        assert address_key(address) == f"address:{digest}"


def test_after_a_week_without_attempts_they_are_forgotten() -> None:
    throttle = FRESH
    for _ in range(7):
        throttle = throttle.charge_account(POLICY, throttle.blocked_until or NOW)
    later = NOW + timedelta(days=8)
    assert throttle.charge_account(POLICY, later).attempts == 1


def test_an_address_has_a_window_that_starts_again() -> None:
    throttle = FRESH
    for _ in range(POLICY.per_address):
        throttle = throttle.charge_window(POLICY.per_address, POLICY.window, NOW)
    with pytest.raises(TooManyAttempts) as refused:
        throttle.charge_window(POLICY.per_address, POLICY.window, NOW + timedelta(minutes=10))
    assert refused.value.retry_after == 300
    assert (
        throttle.charge_window(
            POLICY.per_address, POLICY.window, NOW + timedelta(minutes=15)
        ).attempts
        == 1
    )


def test_a_good_sign_in_is_taken_back_and_never_below_nothing() -> None:
    assert FRESH.charge_window(POLICY.per_address, POLICY.window, NOW).forgiven().attempts == 0
    assert FRESH.forgiven().attempts == 0


@given(st.lists(st.integers(0, 10**6), max_size=200))
def test_no_timing_of_attempts_gets_more_than_the_policy_allows(gaps: list[int]) -> None:
    throttle, now, made = FRESH, NOW, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        is_blocked = throttle.blocked_until is not None and now < throttle.blocked_until
        if is_blocked:
            with pytest.raises(TooManyAttempts):
                throttle.charge_account(POLICY, now)
        else:
            throttle = throttle.charge_account(POLICY, now)
            made += 1
        assert throttle.attempts <= made


def test_keys_hold_nothing_readable_and_one_host_has_one_ipv6_key() -> None:
    assert "ada" not in account_key("ada@example.org")
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff")
    assert address_key("2001:db8::1") != address_key("2001:db8:0:1::1")
    assert address_key("::ffff:192.0.2.1") == address_key("192.0.2.1")
    assert address_key("192.0.2.1") != address_key("192.0.2.2")
    assert address_key("unix") == address_key("unix")
