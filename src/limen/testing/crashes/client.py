"""A client of a storm: it makes requests, notes the answers, and goes on where it was killed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from limen.core.errors import LimenError, StorageUnavailable
from limen.core.throttles.model import ThrottlePolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly
from limen.testing.crashes.journal import (
    ANSWERED,
    FOUND,
    NOT_FOUND,
    REFUSED,
    Answer,
    Entry,
    Journal,
    Request,
)
from limen.testing.crashes.requests import KINDS, Known, People, find, wants_people
from limen.testing.fakes import FrozenClock
from limen.testing.policies import Policies

T = TypeVar("T")

# What is tried here is not how often one may try.
POLICIES: Final = Policies(throttle=ThrottlePolicy(free_failures=1_000_000))
_LONGEST_PAUSE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Which client this is, in which of its lives, and what its choices follow from."""

    client: int
    life: int
    seed: int

    @property
    def ids(self) -> int:
        """A number no other life of any client has: identifiers follow from it."""
        return 1 + self.life * 16 + self.client


class Client:
    """Makes one request after the other, each chosen by seed from what it knows."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, journal: Journal, role: Role) -> None:
        """Learn what `journal` holds from the lives before."""
        self._units = unit_of_work
        self._journal = journal
        self._role = role
        entries = journal.read()
        self._count = len(entries)
        self.people = people_after(entries)
        self._seconds = entries[-1].request.seconds if entries else 0
        self._open = entries[-1].request if entries and entries[-1].answer is None else None
        # Made at noon, whatever the time: its identifiers follow from the role alone.
        self._limen = Assembly(unit_of_work, clock=FrozenClock(), policies=POLICIES, seed=role.ids)
        self._limen.clock.advance(timedelta(seconds=self._seconds))

    async def settle(self) -> None:
        """Find out what became of the request that the last life died in."""
        if self._open is None:
            return
        async with self._units.view() as view:
            facts = await find(view, self.people, self._open)
        if facts is None:
            self._journal.end(Answer(outcome=NOT_FOUND))
        else:
            KINDS[self._open.kind].learn(self.people, self._open, facts)
            self._journal.end(Answer(outcome=FOUND, facts=facts))
        self._open = None

    async def act(self) -> None:
        """Make the next request and note what became of it; see `settle` first."""
        request = self._choose()
        self._limen.clock.advance(timedelta(seconds=request.seconds - self._seconds))
        self._seconds = request.seconds
        self._count += 1
        self._journal.begin(request)
        try:
            answer = await self._ask(request)
        except StorageUnavailable:
            # Nobody knows whether it was done, as after a crash.
            self._open = request
            await self.settle()
        else:
            self._journal.end(answer)

    async def _ask(self, request: Request) -> Answer:
        kind = KINDS[request.kind]
        try:
            facts = await kind.run(self._limen, self.people, request)
        except StorageUnavailable:
            raise
        except LimenError as refusal:
            return Answer(outcome=REFUSED, code=refusal.code)
        kind.learn(self.people, request, facts)
        return Answer(outcome=ANSWERED, facts=facts)

    def _choose(self) -> Request:
        lost = [
            (email, place)
            for email, known in self.people.items()
            for place, device in enumerate(known.devices)
            if device.is_spent
        ]
        if lost:
            # As a client does that got no answer: ask again at once, with the token it has.
            return self._request("refresh", *lost[0], seconds=self._seconds, expects=())
        seconds = self._seconds + 1 + self._roll("pause", _LONGEST_PAUSE)
        if wants_people(self.people):
            email = f"c{self._role.client}n{self._count}@example.org"
            return self._request(self._pick("way", ("register", "import")), email, None, seconds)
        email = self._pick("who", sorted(self.people))
        kind, place = self._pick("what", _choices(self.people[email], seconds))
        return self._request(kind, email, place, seconds)

    def _request(
        self,
        kind: str,
        who: str,
        device: int | None,
        seconds: int,
        expects: tuple[str, ...] | None = None,
    ) -> Request:
        return Request(
            mark=f"c{self._role.client}-{self._count}",
            kind=kind,
            who=who,
            expects=KINDS[kind].events if expects is None else expects,
            refusal=KINDS[kind].refusal,
            seconds=seconds,
            device=device,
        )

    def _pick(self, what: str, options: Sequence[T]) -> T:
        return options[self._roll(what, len(options))]

    def _roll(self, what: str, sides: int) -> int:
        text = f"{self._role.seed}:{self._role.client}:{self._count}:{what}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % sides


def people_after(entries: Sequence[Entry]) -> People:
    """Return what a client knows after these requests."""
    people: People = {}
    for entry in entries:
        if entry.answer is not None and entry.answer.outcome in {ANSWERED, FOUND}:
            KINDS[entry.request.kind].learn(people, entry.request, entry.answer.facts)
    return people


def _choices(known: Known, now: int) -> list[tuple[str, int | None]]:
    """List what may be asked about somebody, each as often as it weighs."""
    found: list[tuple[str, int | None]] = []
    for name, kind in KINDS.items():
        if not kind.may(known):
            continue
        if kind.device is None:
            found += [(name, None)] * kind.weight
            continue
        places = [place for place, device in enumerate(known.devices) if kind.device(device, now)]
        found += [(name, place) for place in places for _ in range(kind.weight)]
    return found
