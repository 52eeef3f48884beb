"""What actions are made of: who there is, what time it is, which worker is asked."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from limen.core.actor import Actor
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import LimenError
from limen.core.ids import UserId
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.rising import SteppedUp
from limen.core.states import SessionState
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.fakes import CountingIds, FrozenClock
from limen.testing.policies import Policies
from limen.testing.simulation.answers import AnswerJudge
from limen.testing.simulation.chance import Chance
from limen.testing.simulation.journal import Call, Journal
from limen.testing.simulation.people import (
    STEM,
    Carried,
    Client,
    Person,
    Shown,
    WatchedHasher,
    Worker,
)
from limen.testing.simulation.store import Weather


@dataclass(slots=True, kw_only=True)
class Act:
    """A call that is about to be made: what runs, and what the client makes of the outcome.

    `learn` is told the result or the refusal; where the answer is lost nobody is told, and `doubt`
    is done in its place. `holds` tells whether a success shows, if nobody else acted meanwhile.
    """

    call: Call
    work: Callable[[], Coroutine[Any, Any, Any]]
    learn: Callable[[Any], None] = lambda _: None
    doubt: Callable[[], None] = lambda: None
    holds: Callable[[], bool] = lambda: True


@dataclass(slots=True, kw_only=True)
class Town:
    """Everything that an action can reach. In some steps all that happens is about `focus`."""

    chance: Chance
    clock: FrozenClock
    ids: CountingIds
    policies: Policies
    journal: Journal
    weather: Weather
    hasher: WatchedHasher
    answers: AnswerJudge
    people: list[Person]
    clients: list[Client]
    workers: list[Worker] = field(default_factory=list)
    focus: Person | None = None
    passwords_made: int = 0

    def act(
        self,
        name: str,
        about: str,
        worker: Worker,
        work: Callable[[Call], Coroutine[Any, Any, Any]],
        **more: Any,
    ) -> Act:
        """Make a call of a worker; `more` is of the call, `learn`, `doubt` and `holds` are not."""
        rest = {key: more.pop(key) for key in ("learn", "doubt", "holds") if key in more}
        call = Call(
            name=name,
            told=f"{name} {about} at worker {worker.number}",
            worker=worker.number,
            began_at=self.clock.now(),
            began_after=self.journal.count,
            **more,
        )
        return Act(call=call, work=lambda: work(call), **rest)

    def worker(self) -> Worker:
        """Return the worker that a request happens to reach."""
        return self.chance.pick(self.workers)

    def signed_in(self) -> Client:
        """Return a client that has tokens; if nobody has any, one that has none."""
        return self.near([c for c in self.clients if c.shown] or self.clients)

    def powerful(self) -> Client:
        """Return a client whose user holds a role, if there is one."""
        grants = self.journal.rows["grants"]
        return self.near(
            [c for c in self.clients if c.shown and grants.get(c.shown[-1].user_id)] or self.clients
        )

    def client(self, *, is_idle: bool = False) -> Client:
        """Return any client; with `is_idle` one without tokens, if there is one."""
        idle = [client for client in self.clients if not client.shown] if is_idle else []
        return self.near(idle or self.clients)

    def person(self) -> Person:
        """Return anybody."""
        return self.focus or self.chance.pick(self.people)

    def near(self, clients: list[Client]) -> Client:
        """Return one of `clients`: of the person that all look at, if there is one."""
        near = [client for client in clients if client.person is self.focus]
        return self.chance.pick(near or clients)

    def new_password(self) -> str:
        """Think of a password nobody has had."""
        self.passwords_made += 1
        return f"{STEM} {self.passwords_made}"

    def shown_by(self, client: Client) -> Shown | None:
        """Return the tokens that a client shows: nearly always its newest."""
        if not client.shown:
            return None
        return self.chance.pick(client.shown) if self.chance.happens(0.1) else client.shown[-1]

    def remember(self, client: Client, call: Call, given: Any) -> None:
        """Have a client keep the tokens it was given, if it was."""
        if isinstance(given, IssuedTokens):
            life = self.policies.tokens.access_lifetime
            client.remember(Shown.of(given, call.began_at, self.journal.highest, life))
            client.person.user_id = given.user.id
        elif isinstance(given, PartialSignIn):
            client.wait(given.partial_token.reveal())
        elif isinstance(given, CookieSession):
            client.carry(given)
            client.person.user_id = given.user.id
        elif isinstance(given, SteppedUp) and given.cookie is not None:
            client.carry(given.cookie)

    def remember_risen(self, client: Client, call: Call, shown: Shown, given: Any) -> None:
        """Have a client keep what a step-up gave in the place of the tokens it had shown."""
        if isinstance(given, SteppedUp):
            life = self.policies.tokens.access_lifetime
            client.remember(shown.risen(given, call.began_at, self.journal.highest, life))

    async def enter(self, worker: Worker, call: Call, client: Client, shown: Shown) -> Actor:
        """Pass the door with an access token, as every request does."""
        try:
            claims = await worker.limen.tokens.authenticate(shown.access)
        except LimenError as refusal:
            self.answers.refused(call, refusal, shown)
            raise
        self.answers.entered(call, claims, shown)
        actor = Actor.anonymous(address=client.address)
        return actor.as_user(claims.user_id, claims.session_id)

    def actor_at(self, client: Client) -> Actor:
        """Return whoever is at a client and has not shown who they are."""
        return Actor.anonymous(address=client.address, device=client.mark)

    async def enter_by_cookie(
        self,
        worker: Worker,
        call: Call,
        client: Client,
        carried: Carried,
        *,
        takes_identified: bool,
    ) -> Actor:
        """Pass the door with a cookie."""
        judge, cookies = self.answers.cookies, worker.limen.cookie_sessions
        try:
            claims = await cookies.authenticate(carried.text, takes_identified=takes_identified)
        except LimenError as refusal:
            judge.refused(call, refusal, carried, takes_identified=takes_identified)
            raise
        judge.entered(call, claims, carried, takes_identified=takes_identified)
        actor = self.actor_at(client)
        become = actor.as_user if claims.state is SessionState.FULL else actor.as_identified
        return become(claims.user_id, claims.session_id, claims.authenticated_at)

    def somebody(self) -> UserId | None:
        """Return a user there is, or was a moment ago."""
        return self.id_of(self.person())

    def called(self, name: str) -> UserId | None:
        """Return who has this address or username now."""
        key = name.lower()
        found: UserId | None = self.journal.now("emails" if "@" in key else "usernames", key)
        return found

    def id_of(self, person: Person) -> UserId | None:
        """Return the id of who has a person's address now, or who had it last."""
        found: UserId | None = self.journal.now("emails", person.email)
        return found or person.user_id
