"""Hashing alone: as many threads as limen has, at the same priority, and nothing else."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import bcrypt

from benchmarks.limits.answering import answer
from benchmarks.people import COST, PASSWORD

_NICENESS = 10


def _measure(question: dict[str, Any]) -> dict[str, float]:
    threads, seconds = question["threads"], question["seconds"]
    with ThreadPoolExecutor(threads, initializer=_lower_priority) as pool:
        hashed = list(pool.map(_hash_for, [seconds] * threads))
    return {"figure": sum(hashed)}


def _hash_for(seconds: float) -> float:
    """Hash until the time is over; return how many a second."""
    salt = bcrypt.gensalt(COST)
    count, begin = 0, perf_counter()
    now = begin
    while now < begin + seconds:
        bcrypt.hashpw(PASSWORD.encode(), salt)
        count, now = count + 1, perf_counter()
    return count / (now - begin)


def _lower_priority() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


if __name__ == "__main__":
    answer(_measure)
