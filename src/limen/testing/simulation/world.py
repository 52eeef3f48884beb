"""One simulated limen: workers over one store, clients around it, and what happens in a step."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from limen.adapters.memory.store import MemoryStore
from limen.core.errors import LimenError, StorageUnavailable
from limen.core.maintenance.service import RetentionPolicy
from limen.core.roles.model import ADMIN
from limen.core.sessions.model import SessionPolicy
from limen.core.signin.levels import FactorPolicy
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import OPERATOR, Assembly
from limen.testing.fakes import CountingIds, FrozenClock
from limen.testing.passkeys import Authenticator
from limen.testing.people import registered
from limen.testing.policies import Policies
from limen.testing.simulation import (
    administering,
    browsing,
    coming_in,
    keyholding,
    mailing,
    moving,
    passkeying,
    proving,
    trouble,
)
from limen.testing.simulation.answers import AnswerJudge
from limen.testing.simulation.catalogue import ACKNOWLEDGED, NOTHING_BREAKS
from limen.testing.simulation.chance import Chance
from limen.testing.simulation.commits import CommitJudge
from limen.testing.simulation.journal import CALL, Journal
from limen.testing.simulation.loop import NeverEnds, SimulatedLoop
from limen.testing.simulation.people import Client, Person, WatchedHasher, Worker
from limen.testing.simulation.store import SimulatedUnits, Weather
from limen.testing.simulation.town import Act, Town
from limen.testing.simulation.trouble import Plan, Trouble
from limen.testing.simulation.whole import examine_all, examine_touched, forget

# Short lifetimes, so that a few hundred steps see every one of them end.
POLICIES: Final = Policies(
    sessions=SessionPolicy(
        idle=timedelta(hours=6), absolute=timedelta(days=2), remembered=timedelta(days=3)
    ),
    factors=FactorPolicy(required_for=frozenset({administering.CAREFUL})),
    retention=RetentionPolicy(
        sessions=timedelta(days=1),
        grants=timedelta(days=2),
        throttles=timedelta(days=7),
        events=timedelta(days=1),
    ),
)
_PEOPLE: Final = 8
_CLIENTS: Final = 8
_WORKERS: Final = 3
_MOST_TOGETHER: Final = 3
_TOGETHER: Final = 0.12
_FOCUSED: Final = 0.5
_LOOK_AT_ALL: Final = 128
_COSTS: Final = (4, 5)

Action = Callable[[Town], Act | None]
_ACTIONS: Final[Sequence[tuple[float, Action]]] = (
    (0.14, coming_in.sign_in),
    (0.03, browsing.sign_in),
    (0.11, coming_in.refresh),
    (0.085, browsing.browse),
    (0.01, moving.ask_to_move),
    (0.015, mailing.agree),
    (0.02, passkeying.use_passkeys),
    (0.045, coming_in.authenticate),
    (0.03, mailing.ask_for_letter),
    (0.025, mailing.deliver),
    (0.03, mailing.open_letter),
    (0.035, proving.finish),
    (0.02, proving.change_factors),
    (0.015, proving.step_up),
    (0.04, keyholding.hold_keys),
    (0.05, coming_in.register),
    (0.05, coming_in.leave),
    (0.03, coming_in.change_password),
    (0.03, coming_in.rename),
    (0.02, coming_in.look_around),
    (0.05, coming_in.sign_in_once),
    (0.10, administering.administer),
    (0.01, administering.purge),
    (0.01, administering.rotate_keys),
)


# Those who meet in a race, when two happen to do something to one person at once.
_DUELS: Final[Sequence[tuple[Action, Action]]] = (
    (coming_in.sign_in, administering.set_password),
    (coming_in.sign_in, coming_in.change_password),
    (coming_in.sign_in, administering.suspend),
    (coming_in.sign_in, coming_in.sign_in),
    (coming_in.sign_in_once, coming_in.sign_in_once),
    (coming_in.refresh, coming_in.refresh),
    (coming_in.refresh, administering.suspend),
    (coming_in.refresh, coming_in.leave),
    (coming_in.refresh, administering.delete),
    (coming_in.register, coming_in.register),
    (coming_in.change_password, coming_in.change_password),
    (administering.withdraw, administering.withdraw),
    (administering.grant, administering.administer),
    (mailing.open_letter, mailing.open_letter),
    (mailing.open_letter, coming_in.sign_in),
    (proving.finish, proving.finish),
    (proving.step_up, coming_in.leave),
    (keyholding.hold_keys, keyholding.hold_keys),
    (browsing.come_back, browsing.come_back),
    (browsing.step_up, browsing.step_up),
    (browsing.exchange, coming_in.refresh),
    (browsing.come_back, administering.suspend),
    (browsing.sign_in, administering.grant),
    (passkeying.come_in, passkeying.come_in),
)


class World:
    """A limen that lives and suffers as its seed says."""

    def __init__(self, seed: int) -> None:
        """Bring it up: a key, a few users, an administrator."""
        self._chance = chance = Chance(seed)
        # Tasks, futures and locks ask no more of a loop than this one has.
        self._loop = SimulatedLoop(chance)  # type: ignore[abstract]
        self._store = MemoryStore()
        clock = FrozenClock()
        self.journal = journal = Journal(self._store, clock)
        self._commits = CommitJudge(journal, POLICIES)
        people = [
            Person(
                number=n,
                email=f"person{n}@example.org",
                spare=f"person{n}@example.com",
                username=f"person-{n}",
                authenticator=Authenticator(seed=n),
            )
            for n in range(_PEOPLE)
        ]
        clients = [
            Client(number=n, address=f"192.0.2.{n // 2}", person=people[n % _PEOPLE])
            for n in range(_CLIENTS)
        ]
        self._town = Town(
            chance=chance,
            clock=clock,
            ids=CountingIds(clock.now()),
            policies=POLICIES,
            journal=journal,
            weather=Weather(),
            hasher=WatchedHasher(journal),
            answers=AnswerJudge(journal, POLICIES),
            people=people,
            clients=clients,
        )
        self._workers_made = 0
        self._town.workers = [self._new_worker() for _ in range(_WORKERS)]
        self._found()

    def _new_worker(self) -> Worker:
        self._workers_made += 1
        number, town = self._workers_made, self._town
        units = SimulatedUnits(
            self._store,
            town.ids,
            weather=town.weather,
            journal=self.journal,
            worker=number,
            judge=self._commits.judge,
        )
        limen = Assembly(
            units,
            clock=town.clock,
            policies=POLICIES,
            hasher=town.hasher,
            ids=town.ids,
            seed=number,
        )
        return Worker(number, limen)

    def _found(self) -> None:
        """Make the first key, the roles, an administrator and somebody who may give roles.

        Both have proved their addresses.
        """
        limen = self._town.workers[0].limen

        async def begin() -> None:
            await limen.keys.ensure(actor=OPERATOR)
            for name, permissions in administering.ROLES.items():
                await limen.roles.create(actor=OPERATOR, name=name, permissions=permissions)
            for person in self._town.people[:2]:
                password = self._town.new_password()
                made = await limen.users.register(
                    email=person.email, username=person.username, password=password
                )
                user = registered(made)
                person.user_id = user.id
                person.may_be(password)
                role = ADMIN if person.number == 0 else administering.GRANTORS
                await limen.roles.grant(user.id, role, actor=OPERATOR)
                await limen.assistance.verify_email(user.id, actor=OPERATOR)

        task = self._loop.create_task(begin())
        self._loop.run_until_quiet()
        task.result()

    # --- a step ---

    def step(self, number: int) -> str:
        """Let one thing happen, or a few at once; return it as a line of the history."""
        chance = self._chance
        chance.begin(number)
        happening = chance.between(0, 1)
        if happening < 0.14:  # noqa: PLR2004 - how the steps divide.
            line = self._let_time_pass()
        elif happening < 0.155:  # noqa: PLR2004
            line = self._befall()
        else:
            line = self._act()
        examine_touched(self.journal)
        if number % _LOOK_AT_ALL == 0:
            self.look_at_all()
        return f"{number} {self._town.clock.now():%d %H:%M:%S.%f} {line}"

    def look_at_all(self) -> None:
        """Hold the whole store against the journal."""
        examine_all(self.journal)
        forget(self.journal)

    def _let_time_pass(self) -> str:
        by = trouble.wait(self._chance)
        if by < timedelta(0):
            behind = self.journal.highest - self._town.clock.now()
            by = max(by, behind - trouble.FURTHEST_BACK)
        self.journal.advance(by)
        return f"the clock moves by {by.total_seconds():.3f} s"

    def _befall(self) -> str:
        """Let something happen that nobody asked for."""
        weather, chance = self._town.weather, self._chance
        if weather.is_out:
            weather.is_out = False
            return "the store is back"
        what = chance.below(3)
        if what == 0:
            weather.is_out = True
            return "the store is out"
        if what == 1:
            self._town.hasher.cost_more(chance.pick(_COSTS))
            return "hashing costs something else"
        return self._crash(chance.pick(self._town.workers).number)

    def _crash(self, number: int) -> str:
        """Replace a worker by one that has nothing cached."""
        workers = self._town.workers
        for at, worker in enumerate(workers):
            if worker.number == number:
                workers[at] = self._new_worker()
        return f"worker {number} is replaced by {self._workers_made}"

    def _act(self) -> str:
        chance, town = self._chance, self._town
        if town.weather.is_out and chance.happens(0.1):
            town.weather.is_out = False
        acts = [action(town) or coming_in.sign_in(town) for action in self._choose_actions()]
        plan = trouble.plan(chance)
        is_out = town.weather.is_out
        if len(acts) > 1 or plan.trouble is not Trouble.NONE or is_out:
            for act in acts:
                act.call.is_clean = False
        tasks = [self._loop.create_task(_run(act)) for act in acts]
        self._prepare(plan, acts, tasks)
        self._run()
        self._clear_up()
        told = [
            self._conclude(act, task, plan, is_out=is_out)
            for act, task in zip(acts, tasks, strict=True)
        ]
        for complaint in self._loop.unseen():
            self.journal.violate(NOTHING_BREAKS, complaint)
        if plan.trouble is Trouble.CRASHES:
            told.append(self._crash(acts[0].call.worker))
        if plan.trouble is not Trouble.NONE:
            told.append(f"({plan.trouble.value}, {plan.after})")
        return "; ".join(told)

    def _choose_actions(self) -> Sequence[Action]:
        """Choose what is done in this step: one thing, a few at once, or two to one person."""
        chance, town = self._chance, self._town
        is_together = chance.happens(_TOGETHER)
        is_focused = is_together and chance.happens(_FOCUSED)
        town.focus = chance.pick(town.people) if is_focused else None
        if is_focused:
            return chance.pick(_DUELS)
        count = 2 + chance.below(_MOST_TOGETHER - 1) if is_together else 1
        return [self._choose() for _ in range(count)]

    def _choose(self) -> Action:
        drawn = self._chance.between(0, 1)
        for weight, action in _ACTIONS:
            if drawn < weight:
                return action
            drawn -= weight
        return coming_in.authenticate

    def _prepare(self, plan: Plan, acts: list[Act], tasks: list[Any]) -> None:
        """Arrange for the trouble of this step to strike."""
        weather = self._town.weather
        match plan.trouble:
            case Trouble.NO_ANSWER_FROM_STORE:
                weather.answers = plan.after
            case Trouble.NO_ACKNOWLEDGEMENT:
                weather.acknowledges = plan.after
            case Trouble.HANGS_UP:
                self._loop.before_turn(plan.after, tasks[0].cancel)
            case Trouble.CRASHES:
                dead = [
                    task
                    for act, task in zip(acts, tasks, strict=True)
                    if act.call.worker == acts[0].call.worker
                ]
                for task in dead:
                    self._loop.before_turn(plan.after, task.cancel)
            case Trouble.TIME_PASSES:
                self._loop.before_turn(plan.after, partial(self.journal.advance, plan.by))
            case Trouble.BUSY:
                self._town.hasher.is_busy = True

    def _run(self) -> None:
        try:
            self._loop.run_until_quiet()
        except NeverEnds:
            self.journal.violate(NOTHING_BREAKS, "a use case goes on for ever")

    def _clear_up(self) -> None:
        self._town.weather.clear_up()
        self._town.hasher.is_busy = False

    def _conclude(self, act: Act, task: Any, plan: Plan, *, is_out: bool) -> str:
        """Judge a call, and tell its client what there is to tell."""
        call = act.call
        if not task.done():
            self.journal.violate(NOTHING_BREAKS, f"{call.told}: waits for ever")
            return f"{call.told} → nothing"
        if task.cancelled():
            call.is_cut = True
            act.doubt()
            return f"{call.told} → cut off"
        call.outcome = task.exception() or task.result()
        self._town.answers.judge(call, is_out=is_out)
        is_refused = isinstance(call.outcome, BaseException)
        if call.is_clean and not is_refused and not act.holds():
            self.journal.violate(ACKNOWLEDGED, f"{call.told}: done, and does not show")
        if plan.trouble is Trouble.LOST_ANSWER or isinstance(call.outcome, StorageUnavailable):
            act.doubt()
        else:
            act.learn(call.outcome)
        return f"{call.told} → {_told(call.outcome)}"


async def _run(act: Act) -> Any:
    CALL.set(act.call)
    return await act.work()


def _told(outcome: Any) -> str:
    if isinstance(outcome, LimenError):
        return outcome.code
    if isinstance(outcome, IssuedTokens):
        return f"session {outcome.session_id}, {outcome.refresh_token.reveal()[-8:]}"
    return (
        "done" if outcome is None or isinstance(outcome, asyncio.Future) else type(outcome).__name__
    )
