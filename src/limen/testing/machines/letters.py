"""What the machines about mail know: people, their letters, and how much mail there may be."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from limen.core.actor import Actor
from limen.core.errors import LimenError, SessionEnded, StepUpNeeded
from limen.core.ids import SessionId, UserId
from limen.core.messages.model import MessageKind
from limen.core.proofs.model import Purpose
from limen.core.secret import Secret
from limen.testing.machines.tries import FRESH, Tally

MOST_TRIES: Final = 5
NO_CODE: Final = "BCDF-GHJK"
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

PURPOSES: Final = {
    MessageKind.VERIFY_EMAIL: Purpose.VERIFY_EMAIL,
    MessageKind.APPROVE_EMAIL_CHANGE: Purpose.APPROVE_EMAIL_CHANGE,
    MessageKind.CONFIRM_EMAIL_CHANGE: Purpose.CONFIRM_EMAIL_CHANGE,
    MessageKind.RESET_PASSWORD: Purpose.RESET_PASSWORD,
    MessageKind.PASSWORD_RESET_REQUIRED: Purpose.RESET_PASSWORD,
    MessageKind.SIGN_IN: Purpose.SIGN_IN,
}
LIVES: Final = {
    Purpose.VERIFY_EMAIL: DAY,
    Purpose.APPROVE_EMAIL_CHANGE: HOUR,
    Purpose.CONFIRM_EMAIL_CHANGE: HOUR,
    Purpose.RESET_PASSWORD: timedelta(minutes=30),
    Purpose.SIGN_IN: timedelta(minutes=10),
}
_CHANGES: Final = (Purpose.APPROVE_EMAIL_CHANGE, Purpose.CONFIRM_EMAIL_CHANGE)
_UNASKED: Final = (
    MessageKind.EMAIL_CHANGED,
    MessageKind.PASSWORD_CHANGED,
    MessageKind.PASSWORD_RESET_REQUIRED,
)

# Who asked for a letter: a browser by its secret, a network by its name, or nobody in particular.
Asker: TypeAlias = Secret[str] | str | None


@dataclass
class SignedIn:
    """A session as the model knows it."""

    id: SessionId
    at: datetime
    is_over: bool = False

    def refusal(self, now: datetime) -> tuple[type[LimenError], ...]:
        """Say why what could take the account from its owner is refused here, if it is."""
        if self.is_over:
            return (SessionEnded,)
        return () if now < self.at + FRESH else (StepUpNeeded,)


@dataclass(eq=False)
class Person:
    """A user as the model knows them."""

    id: UserId
    email: str
    password: str | None
    is_proved: bool = False
    is_there: bool = True
    is_shut_out: bool = False
    password_since: datetime | None = None
    must_be_reset: bool = False
    sessions: dict[str, SignedIn] = field(default_factory=dict)
    begun: list[SignedIn] = field(default_factory=list)
    known: set[str | None] = field(default_factory=set)

    def __repr__(self) -> str:
        return self.email

    def enter(self, place: str, session: SignedIn) -> None:
        """Be signed in there; a session from before goes on."""
        self.sessions[place] = session
        self.begun.append(session)

    def actor(self, place: str) -> Actor:
        """Return the person at one of their places."""
        return Actor.anonymous().as_user(self.id, self.sessions[place].id)

    def end_sessions(self, *, keep: str | None = None) -> None:
        """End all sessions but the one at this place."""
        kept = None if keep is None else self.sessions[keep]
        for session in self.begun:
            session.is_over = session.is_over or session is not kept


@dataclass(eq=False)
class Letter:
    """A link and its code, as somebody read them; `is_kept` while the store still has them."""

    person: Person
    purpose: Purpose
    to: str
    until: datetime
    token: str
    code: str = NO_CODE
    new_email: str | None = None
    asker: Asker = None
    tries: int = 0
    is_spent: bool = False
    is_kept: bool = True

    def __repr__(self) -> str:
        return f"the letter to {self.to} ({self.purpose})"

    def is_live(self, now: datetime) -> bool:
        """Tell whether it is good for anything."""
        return self.is_kept and not self.is_spent and now < self.until


@dataclass(frozen=True)
class Posted:
    """A message that waits: to a person, or to whoever has this address when it is sent."""

    kind: MessageKind
    at: datetime
    person: Person | None = None
    identifier: str | None = None
    to: str | None = None
    new_email: str | None = None
    asker: Asker = None

    @property
    def purpose(self) -> Purpose | None:
        """What the link in it is good for."""
        return PURPOSES.get(self.kind)

    def is_stale(self, person: Person, now: datetime) -> bool:
        """Tell whether nobody waits for it any more."""
        purpose = self.purpose
        if purpose in (*_CHANGES, Purpose.SIGN_IN) and now >= self.at + LIVES[purpose]:
            return True
        since = person.password_since
        return purpose in _CHANGES and since is not None and since > self.at

    def is_wanted(self, person: Person) -> bool:
        """Tell whether this person is to get it at all."""
        if self.kind is MessageKind.VERIFY_EMAIL:
            return not person.is_proved and not person.is_shut_out
        if self.kind is MessageKind.PASSWORD_CHANGED:
            return person.is_proved
        return self.purpose is None or not person.is_shut_out


class Allowance:
    """How much mail an address may be sent.

    For each network five an hour of a kind, ten of all, twenty a day; for all together twenty an
    hour and fifty a day.
    """

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self._sent: dict[str, Tally] = {}

    def allows(self, kind: MessageKind, to: str, network: str | None, now: datetime) -> bool:
        """Count one more mail; tell whether it is not one too many."""
        if kind in _UNASKED:
            return True
        limits = [
            (f"{kind} {to} {network}", 5, HOUR),
            (f"{to} {network} hour", 10, HOUR),
            (f"{to} {network} day", 20, DAY),
            (f"{to} hour", 20, HOUR),
            (f"{to} day", 50, DAY),
        ]
        tallies = [self._sent.get(name, Tally()) for name, _, _ in limits]
        pairs = list(zip(limits, tallies, strict=True))
        if any(tally.window_wait(most, window, now) for (_, most, window), tally in pairs):
            return False
        for (name, _, window), tally in pairs:
            self._sent[name] = tally.tried_in_window(window, now)
        return True
