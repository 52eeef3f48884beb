import threading
import time
from datetime import UTC, datetime
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limen.adapters.system import SystemClock, SystemEntropy, SystemIds

MILLISECOND = 1_000_000


def test_the_clock_tells_this_instant_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_entropy_gives_as_many_bytes_as_asked_for() -> None:
    entropy = SystemEntropy()
    assert len(entropy.bytes(33)) == 33
    assert entropy.bytes(16) != entropy.bytes(16)


def test_an_id_is_a_uuid_of_version_7_that_tells_its_millisecond() -> None:
    before = time.time_ns() // MILLISECOND
    made = SystemIds().new()
    after = time.time_ns() // MILLISECOND
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= made.int >> 80 <= after


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5).map(lambda steps: steps * MILLISECOND), min_size=2))
def test_ids_grow_whatever_the_clock_does(
    monkeypatch: pytest.MonkeyPatch, readings: list[int]
) -> None:
    ticks = iter(readings)
    monkeypatch.setattr(time, "time_ns", lambda: next(ticks))
    ids = SystemIds()
    made = [ids.new() for _ in readings]
    assert all(earlier < later for earlier, later in pairwise(made))
    assert {one.version for one in made} == {7}


def test_a_used_up_counter_borrows_the_next_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 7 * MILLISECOND)
    ids = SystemIds()
    first = ids.new()
    ids._tail = (1 << 74) - 1
    second = ids.new()
    assert first < second
    assert second.int >> 80 == 8


def test_threads_never_get_the_same_id() -> None:
    ids = SystemIds()
    made: list[list[UUID]] = [[] for _ in range(4)]

    def take(into: list[UUID]) -> None:
        into.extend(ids.new() for _ in range(2_000))

    threads = [threading.Thread(target=take, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for into in made for one in into}) == 8_000
    assert all(into == sorted(into) for into in made)
