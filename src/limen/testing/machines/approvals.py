"""Resets of factors that another administrator approves: who asked what, and who may now."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from limen.core.actor import Actor
from limen.core.errors import (
    ApprovalByAnother,
    ApprovalNeeded,
    BeyondOwnPermissions,
    FactorResetNotFound,
    LimenError,
    PermissionMissing,
)
from limen.core.ids import PasskeyId, UserId
from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import OPERATOR
from limen.testing.builders import a_session
from limen.testing.contracts.steps import keep
from limen.testing.fakes import NOON
from limen.testing.machines.cast import THE_OPERATOR, first
from limen.testing.machines.factors import SignedIn
from limen.testing.machines.machine import Bench
from limen.testing.machines.telling import TellingMachine
from limen.testing.machines.tries import FRESH
from limen.testing.passkeys import Authenticator
from limen.testing.policies import Policies

DAY: Final = timedelta(hours=24)
PEOPLE: Final = ("ada", "bob", "eve", "mallory")
# What is in each role; whoever has the second is out of reach of who has the first alone.
ROLES: Final = {
    "support": frozenset({"factors.reset", "passkeys.remove"}),
    "chief": frozenset({"factors.reset", "passkeys.remove", "users.write"}),
}
_MOST_PASSKEYS: Final = 3
_INSTANT: Final = timedelta(microseconds=1)
_ALL_BUT: Final = DAY - _INSTANT
_NO_TIME: Final = timedelta()
_NEVER: Final = NOON + timedelta(days=3650)

_SPANS: Final = st.sampled_from([_INSTANT, FRESH - _INSTANT, FRESH, _ALL_BUT, DAY, 2 * DAY])
_WHO: Final = st.sampled_from([*["bob", "eve"] * 3, "ada", "mallory", THE_OPERATOR])
_WHOM: Final = st.sampled_from(["ada", "ada", "bob"])
_SOMEBODY: Final = st.sampled_from(PEOPLE)
_OTHERS: Final = st.sampled_from(["eve", "eve", "bob", THE_OPERATOR])
_ROLE: Final = st.sampled_from(sorted(ROLES))
# Most come with a sign-in that is fresh: what others hear is always the same.
_SIGNS_IN: Final = st.sampled_from([True, True, True, False])


@dataclass(frozen=True)
class Asked:
    """A request as the model knows it."""

    by: str
    until: datetime


@dataclass
class Person:
    """A user as the model knows them."""

    id: UserId
    session: SignedIn
    is_active: bool = True
    roles: set[str] = field(default_factory=set)
    passkeys: list[PasskeyId] = field(default_factory=list)
    asked: Asked | None = None

    @property
    def granted(self) -> frozenset[str]:
        """What their roles allow, which counts while they are active."""
        return frozenset(name for role in self.roles for name in ROLES[role])


class ApprovalMachine(TellingMachine):
    """Asks for resets, approves and withdraws them, while accounts and permissions change."""

    policies: ClassVar[Policies] = Policies(factors=FactorPolicy(needs_approval=True))

    def __init__(self, bench: Bench) -> None:
        """Begin with four users."""
        super().__init__(bench)
        self.people: dict[str, Person] = {}
        self._made = 0
        for name in PEOPLE:
            user = self.run(self.limen.register(f"{name}@example.org"))
            self.people[name] = Person(user.id, self._session(user.id))
            self.tell("user.registered")

    @initialize()
    def begin(self) -> None:
        for role, permissions in ROLES.items():
            made = self.limen.roles.create(actor=OPERATOR, name=role, permissions=permissions)
            self.run(made)
            self.tell("role.created")
        for name in ("bob", "eve"):
            self.turn_role(name, "support")
            self.enrol(name)
        self.enrol("ada")

    # --- asking, approving, withdrawing ---

    @rule(who=_WHO, whom=_WHOM, signs_in=_SIGNS_IN)
    def ask(self, who: str, whom: str, *, signs_in: bool) -> None:
        person = self.people[whom]
        refusals = self._refusals(who, whom, signs_in=signs_in)
        outcome = self.attempt(
            f"{who} resets the factors of {whom}",
            self.limen.factors.reset(person.id, actor=self._actor(who)),
            refusals,
        )
        if isinstance(outcome, LimenError):
            return
        if who == THE_OPERATOR:
            self._take(person)
        elif person.passkeys and not (self._waits(person) and self._asker_may(whom)):
            self._withdraw(person)
            person.asked = Asked(who, self.now + DAY)
            self.tell("factor.reset_requested")

    @rule(who=_WHO, whom=_WHOM, signs_in=_SIGNS_IN)
    def approve(self, who: str, whom: str, *, signs_in: bool) -> None:
        person = self.people[whom]
        refusals = self._refusals(who, whom, signs_in=signs_in) or first(
            None if self._waits(person) else FactorResetNotFound,
            ApprovalByAnother if who in {whom, person.asked and person.asked.by} else None,
            None if self._asker_may(whom) else FactorResetNotFound,
        )
        outcome = self.attempt(
            f"{who} approves the reset of the factors of {whom}",
            self.limen.factors.approve_reset(person.id, actor=self._actor(who)),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            person.asked = None
            self.tell("factor.reset_approved")
            self._take(person)

    @rule(who=_WHO | _SOMEBODY, whom=_WHOM)
    def withdraw(self, who: str, whom: str) -> None:
        person = self.people[whom]
        refusals = first(
            None if who == whom else self._lacks_over(who, whom),
            None if self._waits(person) else FactorResetNotFound,
        )
        outcome = self.attempt(
            f"{who} withdraws the reset of the factors of {whom}",
            self.limen.factors.withdraw_reset(person.id, actor=self._actor(who)),
            refusals,
        )
        if outcome is None:
            self._withdraw(person)

    @rule(who=_WHO, whom=_WHOM, by=_OTHERS, span=st.sampled_from([_NO_TIME, _ALL_BUT, DAY]))
    def approve_later(self, who: str, whom: str, by: str, span: timedelta) -> None:
        """Ask, and have it approved at once, at its end, or all but: what this machine is about."""
        self._ask_in_earnest(who, whom)
        self.pass_time(span)
        self.approve(by, whom, signs_in=True)

    @rule(by=_OTHERS, role=st.none() | _ROLE, again=st.booleans())
    def approve_otherwise(self, by: str, role: str | None, *, again: bool) -> None:
        """Let who asked lose a role or be suspended; then somebody approves, or asks again."""
        self._ask_in_earnest("bob", "ada")
        if role is None:
            self.suspend_or_reactivate("bob")
        else:
            self.turn_role("bob", role)
        step = self.ask if again else self.approve
        step(by, "ada", signs_in=True)

    def _ask_in_earnest(self, who: str, whom: str) -> None:
        """Ask as somebody who may, for somebody who has something to lose."""
        if who != THE_OPERATOR and not self.people[who].is_active:
            self.suspend_or_reactivate(who)
        if who != THE_OPERATOR and not self.people[who].roles:
            self.turn_role(who, "support")
        if not self.people[whom].passkeys:
            self.enrol(whom)
        self.ask(who, whom, signs_in=True)

    # --- what changes meanwhile ---

    @rule(who=_WHOM)
    def enrol(self, who: str) -> None:
        person = self.people[who]
        if len(person.passkeys) == _MOST_PASSKEYS:
            return
        self.sign_in(who)
        self._made += 1
        device = Authenticator(seed=self._made)
        actor, passkeys = self._actor(who), self.limen.passkeys
        asked = self.run(passkeys.begin_enrolment(actor=actor))
        outcome = self.attempt(
            f"{who} enrols a passkey",
            passkeys.enrol(
                ceremony=asked.ceremony, answer=device.create(asked.options), actor=actor
            ),
        )
        assert not isinstance(outcome, LimenError)
        person.passkeys.append(outcome.id)
        self._withdraw(person)
        self.tell("passkey.enrolled")

    @rule(who=_WHO | _SOMEBODY, whom=_WHOM, signs_in=_SIGNS_IN)
    def remove_passkey(self, who: str, whom: str, *, signs_in: bool) -> None:
        person = self.people[whom]
        if not person.passkeys:
            return
        is_last, is_own = len(person.passkeys) == 1, who == whom
        needs_approval = is_last and not is_own and who != THE_OPERATOR
        lacks = () if is_own else first(self._lacks_over(who, whom))
        refusals = lacks or self._comes(who, signs_in=signs_in)
        refusals = refusals or first(ApprovalNeeded if needs_approval else None)
        outcome = self.attempt(
            f"{who} removes a passkey of {whom}",
            self.limen.passkeys.remove(person.id, person.passkeys[0], actor=self._actor(who)),
            refusals,
        )
        if outcome is None:
            person.passkeys.pop(0)
            person.session.is_over = person.session.is_over or not is_own
            self._withdraw(person)
            self.tell("passkey.removed")

    @rule(whom=_WHOM)
    def set_password(self, whom: str) -> None:
        person = self.people[whom]
        self.attempt(
            f"the operator gives {whom} another password",
            self.limen.passwords.set(person.id, new="another horse battery", actor=OPERATOR),
        )
        self._end(person)
        self.tell("password.set")

    @rule(whom=_SOMEBODY)
    def suspend_or_reactivate(self, whom: str) -> None:
        person, users = self.people[whom], self.limen.users
        if person.is_active:
            self.attempt(f"{whom} is suspended", users.suspend(person.id, actor=OPERATOR))
            self._end(person)
            self.tell("user.suspended")
        else:
            self.attempt(f"{whom} is reactivated", users.reactivate(person.id, actor=OPERATOR))
            self.tell("user.reactivated")
        person.is_active = not person.is_active

    @rule(whom=_SOMEBODY, role=_ROLE)
    def turn_role(self, whom: str, role: str) -> None:
        """Give a role to who lacks it, and take it from who has it."""
        person, roles = self.people[whom], self.limen.roles
        if role in person.roles:
            withdrawn = roles.withdraw(person.id, role, actor=OPERATOR)
            self.attempt(f"{whom} loses the role {role}", withdrawn)
            person.roles.discard(role)
            self.tell("role.withdrawn")
        else:
            granted = roles.grant(person.id, role, actor=OPERATOR)
            self.attempt(f"{whom} gets the role {role}", granted)
            person.roles.add(role)
            self.tell("role.granted")

    @rule(who=_SOMEBODY)
    def sign_in(self, who: str) -> None:
        """Begin a session however it came about: this machine is not about that."""
        person = self.people[who]
        person.session = self._session(person.id)
        self.story.tell(self.now, f"{who} signs in")

    # --- time ---

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule()
    def purge(self) -> None:
        over = [
            person
            for person in self.people.values()
            if person.asked is not None and person.asked.until < self.now
        ]
        purged = self.purge_all()
        self.compare("how many requests were purged", purged.factor_resets, len(over))
        for person in over:
            person.asked = None

    # --- what always holds ---

    @invariant()
    def everybody_has_what_the_model_says(self) -> None:
        for name, person in self.people.items():
            held = self.run(self.limen.factors.get(person.id, actor=OPERATOR))
            waiting = (
                None if held.reset is None else (held.reset.requested_by, held.reset.expires_at)
            )
            asked = person.asked if self._waits(person) else None
            expected = None if asked is None else (self.people[asked.by].id, asked.until)
            self.compare(f"what waits for {name}", waiting, expected)
            passkeys = self.run(self.limen.passkeys.list(person.id, actor=OPERATOR))
            self.compare(f"the passkeys of {name}", [p.id for p in passkeys], person.passkeys)

    # --- the model ---

    def _actor(self, who: str) -> Actor:
        if who == THE_OPERATOR:
            return OPERATOR
        person = self.people[who]
        return Actor.anonymous().as_user(person.id, person.session.id)

    def _session(self, user_id: UserId) -> SignedIn:
        session = a_session(
            user_id, authenticated_at=self.now, idle_expires_at=_NEVER, expires_at=_NEVER
        )
        self.run(keep(self.limen.unit_of_work, session))
        return SignedIn(session.id, self.now)

    def _refusals(self, who: str, whom: str, *, signs_in: bool) -> tuple[type[LimenError], ...]:
        """Say why somebody may not do what is to be approved to that user."""
        lacks = first(self._lacks_over(who, whom))
        return lacks or self._comes(who, signs_in=signs_in)

    def _comes(self, who: str, *, signs_in: bool) -> tuple[type[LimenError], ...]:
        """Say why somebody who comes is not taken for who they are, after a sign-in or without."""
        if who == THE_OPERATOR:
            return ()
        if signs_in:
            self.sign_in(who)
        return self.people[who].session.refusal(self.now)

    def _lacks_over(self, who: str, whom: str) -> type[LimenError] | None:
        if who == THE_OPERATOR:
            return None
        person = self.people[who]
        held = person.granted if person.is_active else frozenset()
        if "factors.reset" not in held:
            return PermissionMissing
        is_within = who == whom or self.people[whom].granted <= held
        return None if is_within else BeyondOwnPermissions

    def _waits(self, person: Person) -> bool:
        return person.asked is not None and self.now < person.asked.until

    def _asker_may(self, whom: str) -> bool:
        asked = self.people[whom].asked
        return asked is not None and self._lacks_over(asked.by, whom) is None

    def _withdraw(self, person: Person) -> None:
        """Know that what waits for somebody, if anything does, does so no more."""
        if self._waits(person):
            person.asked = None
            self.tell("factor.reset_withdrawn")

    def _end(self, person: Person) -> None:
        """Know that all that somebody has open is over."""
        self._withdraw(person)
        person.session.is_over = True

    def _take(self, person: Person) -> None:
        """Know that somebody has no factors any more."""
        if person.passkeys:
            self._end(person)
            person.passkeys.clear()
            self.tell("factor.all_reset")
