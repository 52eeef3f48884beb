"""Running a use case where there is no event loop."""

from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_MOST_TURNS: Final = 100_000


def run_now(use_case: Coroutine[Any, Any, T]) -> T:
    """Run a use case of a limen in memory over fakes to its end, with or without an event loop.

    There nobody waits for anything: they only give each other a turn.
    """
    for _ in range(_MOST_TURNS):
        try:
            waited_for = use_case.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        if waited_for is not None:
            break
    use_case.close()
    raise RuntimeError("this waits for something: run it in an event loop")
