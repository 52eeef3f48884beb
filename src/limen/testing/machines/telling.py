"""Machines that know every event: told once, in order, and kept for as long as is said."""

from datetime import datetime, timedelta

from hypothesis.stateful import invariant

from limen.core.errors import LimenError
from limen.core.maintenance.service import Purged
from limen.testing.assembly import OPERATOR
from limen.testing.machines.machine import Stage, StoreMachine


class TellingMachine(StoreMachine):
    """A machine whose model writes down each event that there must be."""

    def __init__(self, stage: Stage) -> None:
        """Begin with the key that every limen makes first."""
        super().__init__(stage)
        self._told: list[tuple[datetime, str]] = []
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
        return purged

    def kept_since(self, retention: timedelta) -> datetime:
        """Return the instant before which what is over goes."""
        return self.now - retention

    @invariant()
    def every_change_was_told_once_and_in_order(self) -> None:
        told = self.run(self.limen.event_names())
        self.compare("the events so far", told, [event for _, event in self._told])
