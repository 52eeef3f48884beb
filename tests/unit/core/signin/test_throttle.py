from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import TooManyAttempts
from limen.core.signin.model import Throttle, ThrottlePolicy, account_key, address_key

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
