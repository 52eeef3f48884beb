"""What `limen.ports.clock.Clock` promises."""

from datetime import UTC, timedelta

from limen.ports.clock import Clock
from limen.testing.contract import Contract


class ClockContract(Contract):
    """Time. Fixture: `clock`."""

    def test_now_is_aware_and_in_utc(self, clock: Clock) -> None:
        now = clock.now()
        assert now.utcoffset() == timedelta(0)
        assert now.tzinfo is UTC

    def test_time_does_not_run_backwards_by_itself(self, clock: Clock) -> None:
        instants = [clock.now() for _ in range(100)]
        assert instants == sorted(instants)
