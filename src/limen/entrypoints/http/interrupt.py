"""The event that ends the server's main loop, set by a signal handler."""

from threading import Event
from typing import Final

_PAUSE_SECONDS: Final = 0.1


class Interrupt(Event):
    """An event without a lock that a signal handler and its own thread would both want.

    Were the signal to come while the thread holds the lock of Python's event, at the beginning of a
    wait, both would wait for ever.
    """

    def __init__(self) -> None:
        """Begin unset."""
        super().__init__()
        self._is_set = False
        self._never = Event()

    def set(self) -> None:
        """End every wait, within a tenth of a second."""
        self._is_set = True

    def clear(self) -> None:
        """Have others wait again."""
        self._is_set = False

    def is_set(self) -> bool:
        """Tell whether it is set."""
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, however long that takes: a `timeout` is not heeded."""
        del timeout
        while not self._is_set:
            self._never.wait(_PAUSE_SECONDS)
        return True
