"""Ports for the servers of the tests.

What the system offers it may offer again before the server listens. These lie below, and each
worker of a run has its own.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Final

_OF_EACH: Final = 400
_WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 25
# The one port here that no browser goes to (Fetch standard, "bad port").
_BAD: Final = 10_080
_FIRST: Final = 10_000 + _WORKER * _OF_EACH
_OWN: Final = [port for port in range(_FIRST, _FIRST + _OF_EACH) if port != _BAD]
# Another run on this machine most likely begins elsewhere.
_BEGIN: Final = os.getpid() % _OF_EACH
_ports: Final[Iterator[int]] = cycle([*_OWN[_BEGIN:], *_OWN[:_BEGIN]])


def free_port() -> int:
    """Return a port that nobody listens on, another one each time."""
    while True:
        port = next(_ports)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
