"""What every case has at hand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.contest import Contest, Progress, middle, remarks
from benchmarks.goals import Goal
from benchmarks.load.drive import ask, body_of
from benchmarks.load.requests import request
from benchmarks.load.speaker import Talk
from benchmarks.machine import Cores
from benchmarks.people import COST, PASSWORD, email_of
from benchmarks.servers import Server
from benchmarks.stores import Store

API: Final = "/api/v1"
CONNECTIONS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    hashing_seconds: float
    people: int
    imported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A figure to be held against its goal, and what it was made of.

    `rounds` are all measurements, for programs; `notes` is what people should know.
    """

    goal: Goal
    storage: str
    value: float
    limen: str = ""
    limit: str = ""
    notes: tuple[str, ...] = ()
    rounds: Mapping[str, list[float]]

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.goal.is_met(self.value)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens of one session."""

    access_token: str
    refresh_token: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One store, filled, and limen running on it."""

    store: Store
    url: str
    server: Server
    environment: Mapping[str, str]
    size: Size
    cores: Cores
    folder: Path
    progress: Progress

    async def sign_in(self, number: int) -> SignedIn:
        """Sign a person in."""
        answer = await ask(self.server.port, login(number))
        tokens: dict[str, Any] = json.loads(body_of(answer))["data"]
        return SignedIn(tokens["access_token"], tokens["refresh_token"], tokens["session_id"])

    async def sign_in_many(self, count: int = CONNECTIONS) -> list[SignedIn]:
        """Sign as many people in, one each."""
        self.progress(f"signing {count} people in")
        return [await self.sign_in(number) for number in range(count)]

    def result(
        self, goal: Goal, contest: Contest, unit: str = "/s", notes: tuple[str, ...] = ()
    ) -> Result:
        """Return what came of a contest of rates."""
        return Result(
            goal=goal,
            storage=self.store.name,
            value=contest.ratio,
            limen=f"{middle(contest.ours):,.0f} {unit}",
            limit=f"{middle(contest.theirs):,.0f} {unit}",
            notes=remarks(contest) + notes,
            rounds={
                "limen": [r.figure for r in contest.ours],
                "limit": [r.figure for r in contest.theirs],
            },
        )


def login(number: int) -> bytes:
    """Return the request that signs a person in."""
    body = {"identifier": email_of(number), "password": PASSWORD}
    return request("POST", f"{API}/auth/login", body=body)


def settings(url: str, folder: Path) -> dict[str, str]:
    """Return the settings that limen runs with; all others are as they come."""
    return {
        "LIMEN_DATABASE_URL": url,
        "LIMEN_DATA_DIR": str(folder),
        "LIMEN_BCRYPT_COST": str(COST),
        "LIMEN_HASHING_THREADS": "1",
        "LIMEN_LOG_FORMAT": "json",
    }


def always(question: bytes) -> Talk:
    """Return a talk that asks the same again and again."""

    def talk(_answer: bytes | None) -> bytes:
        return question

    return talk
