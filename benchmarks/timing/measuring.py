"""Asking about every state in turn, in an order that changes each round."""

import gc
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random
from statistics import median
from typing import Final

from benchmarks.figures import paired_ratio
from benchmarks.timing.crowd import Crowd, State
from benchmarks.timing.door import Door
from benchmarks.timing.questions import Question
from limen.wiring.container import Container

# Before the first that counts: caches, statements, branches.
WARM_UP: Final = 20
_LOWEST, _HIGHEST = 0.95, 1.05
_FIRST_NETWORK: Final = IPv4Address("10.0.0.0")


@dataclass(frozen=True, slots=True)
class Finding:
    """How long a question takes about one state, beside the first, and what was answered."""

    question: str
    state: State
    milliseconds: float
    ratio: float
    answers: frozenset[str]
    is_alike: bool


async def measure(
    container: Container, door: Door, question: Question, samples: int
) -> list[Finding]:
    """Ask `samples` times about each state; every time about another account, from elsewhere."""
    rounds = samples + WARM_UP
    crowd = Crowd(question.states)
    await crowd.move_in(container, rounds, question.purpose)
    taken: dict[State, list[float]] = {state: [] for state in question.states}
    answers: dict[State, set[str]] = {state: set() for state in question.states}
    order, random = list(question.states), Random(0)  # noqa: S311 - no secret is drawn
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            random.shuffle(order)
            for place, state in enumerate(order):
                address = str(_FIRST_NETWORK + number * len(order) + place)
                body = question.body(state, crowd.email(state, number))
                begun = time.perf_counter()
                answer = await door.ask(question.path, body, address)
                taken[state].append(time.perf_counter() - begun)
                answers[state].add(str(answer))
    finally:
        gc.enable()
    return compare(question, taken, answers)


def compare(
    question: Question, taken: dict[State, list[float]], answers: dict[State, set[str]]
) -> list[Finding]:
    """Hold every state against the first: the median of the ratios of each round."""
    counted = {state: times[WARM_UP:] for state, times in taken.items()}
    first = question.states[0]
    findings = []
    for state in question.states:
        ratio = paired_ratio(counted[state], counted[first])
        told = frozenset(answers[state])
        is_alike = _LOWEST <= ratio <= _HIGHEST and told == frozenset(answers[first])
        took = median(counted[state]) * 1000
        findings.append(Finding(question.name, state, took, ratio, told, is_alike))
    return findings
