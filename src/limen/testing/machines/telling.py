"""Machines that know every event: told once, in order, and kept for as long as is said."""

from datetime import datetime, timedelta

from hypothesis.stateful import invariant

from limen.core.errors import LimenError
from limen.core.ids import EventId
from limen.core.maintenance.service import Purged
from limen.ports.outbox import StoredEvent
from limen.testing.assembly import OPERATOR
from limen.testing.machines.machine import Bench, StoreMachine


class TellingMachine(StoreMachine):
    """A machine whose model writes down each event that there must be."""

    def __init__(self, bench: Bench) -> None:
        """Begin with the key that every limen makes first."""
        super().__init__(bench)
        self._told: list[tuple[datetime, str]] = []
        self._seen: tuple[EventId | None, int] = (None, 0)
        self.tell("key.added")

    def tell(self, event: str) -> None:
        """Write down that an event of this name must follow those before."""
        self._told.append((self.now, event))

    def purge_all(self) -> Purged:
        """Have the store purged, and forget the events that went with it."""
        purged = self.attempt("the operator purges", self.limen.maintenance.purge(actor=OPERATOR))
        assert not isinstance(purged, LimenError)
        before = self.kept_since(self.limen.policies.retention.events)
        kept = [(at, event) for at, event in self._told if at >= before]
        self.compare("how many events were purged", purged.events, len(self._told) - len(kept))
        self._told = kept
        # From the first one again: all that is left must still be there.
        self._seen = (None, 0)
        return purged

    def kept_since(self, retention: timedelta) -> datetime:
        """Return the instant before which what is over goes."""
        return self.now - retention

    @invariant()
    def every_change_was_told_once_and_in_order(self) -> None:
        last, count = self._seen
        new = self.run(self._events_behind(last))
        expected = [event for _, event in self._told[count:]]
        self.compare("the events since", [event.name for event in new], expected)
        if new:
            self._seen = (new[-1].id, count + len(new))

    async def _events_behind(self, last: EventId | None) -> tuple[StoredEvent, ...]:
        async with self.limen.unit_of_work.view() as view:
            return await view.outbox.list(after=last, limit=10_000)
