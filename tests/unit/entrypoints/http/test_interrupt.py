"""A signal that comes at the worst moment of a wait."""

import subprocess
import sys

import pytest

from tests.waiting import PATIENCE

# The handler runs while the thread is within the wait, with whatever lock that takes.
WAIT = """
import signal, sys, threading
from limen.entrypoints.http.interrupt import Interrupt

event = Interrupt() if sys.argv[1] == "ours" else threading.Event()
signal.signal(signal.SIGTERM, lambda *_: event.set())
signal.signal(signal.SIGALRM, signal.SIG_DFL)

def trace(frame, what, _):
    if frame.f_code.co_name == "wait" and what == "line" and frame.f_locals.get("self") is event:
        lines.append(frame.f_lineno)
        if len(lines) == 2:
            sys.settrace(None)
            signal.alarm(0 if sys.argv[1] == "ours" else 1)
            signal.raise_signal(signal.SIGTERM)
    return trace

lines = []
sys.settrace(trace)
event.wait()
print("ended")
"""


@pytest.mark.parametrize(("whose", "ends"), [("ours", True), ("Python's", False)])
def test_a_signal_within_a_wait_ends_it(whose: str, ends: bool) -> None:
    command = [sys.executable, "-c", WAIT, whose]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout == "ended\n") is ends
