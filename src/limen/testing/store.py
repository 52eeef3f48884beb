"""How a store is opened: what everything that proves a store asks of you."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from limen.ports.unit_of_work import UnitOfWorkFactory


class OpenStore(Protocol):
    """Opens your store for the length of an `async with` block.

    Machines and interleavings call it for each of their tries: each must find the store empty.
    Storms and crowds call it in each of several processes, and again in yours, before and between,
    all for the same store, which is empty at first and has its schema. It travels to these
    processes, so that it can be pickled: a function of a module, `functools.partial` of one, or an
    object of a module's class.
    """

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWorkFactory]:
        """Return a context manager that opens the store, gives its units and closes it."""
        ...


@runtime_checkable
class SettlingStore(OpenStore, Protocol):
    """A store behind a server, which may still be at work for clients that are dead."""

    def settle(self) -> None:
        """Wait until nothing is under way in the store any more; every client is dead."""
        ...
