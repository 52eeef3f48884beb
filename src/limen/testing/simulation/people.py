"""Those who use a simulated limen, and what each of them knows: only what they were told."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from limen.core.api_keys.service import NewKey
from limen.core.cookies.carrying import CookieSession
from limen.core.errors import PasswordMismatch
from limen.core.ids import SessionId, UserId
from limen.core.passkeys.model import Passkey
from limen.core.secret import Secret
from limen.core.signin.rising import SteppedUp
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import Assembly
from limen.testing.fakes import PlainHasher
from limen.testing.passkeys import Authenticator
from limen.testing.simulation.catalogue import COUNTED_FIRST
from limen.testing.simulation.journal import CALL, Journal

STEM: Final = "correct horse"
_REMEMBERED: Final = 6
_WAITING: Final = 3
_ALMOST_A_SECOND: Final = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with an address. `passwords` are all that may be theirs, the likeliest last.

    `spare` is an address that they may move to. `app` and `new_app` are secrets in their telephone,
    `codes` their recovery codes, `passkeys` those that their `authenticator` answers by,
    `opened` the links by which they agreed to a change of address.
    """

    number: int
    email: str
    spare: str
    username: str
    passwords: list[str] = field(default_factory=list)
    user_id: UserId | None = None
    app: str | None = None
    new_app: str | None = None
    codes: list[str] = field(default_factory=list)
    authenticator: Authenticator = field(default_factory=Authenticator)
    passkeys: list[Passkey] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def may_be(self, password: str) -> None:
        """Take a password down: it is set, or it may be."""
        if password in self.passwords:
            self.passwords.remove(password)
        self.passwords.append(password)
        del self.passwords[:-_REMEMBERED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The tokens of one answer: for whom, and when the access token ends at the earliest, latest.

    `at` is when the answer came.
    """

    access: str
    refresh: str
    user_id: UserId
    session_id: SessionId
    at: datetime
    earliest_end: datetime
    latest_end: datetime

    def risen(
        self, tokens: SteppedUp, began_at: datetime, highest: datetime, life: timedelta
    ) -> "Shown":
        """Take down what a step-up gave in the place of these tokens."""
        if tokens.refresh_token is None:
            raise ValueError("a session of tokens has no cookie")
        return replace(
            self,
            access=tokens.access_token.reveal(),
            refresh=tokens.refresh_token.reveal(),
            at=highest,
            earliest_end=began_at + timedelta(seconds=tokens.expires_in),
            latest_end=highest + life + _ALMOST_A_SECOND,
        )

    @classmethod
    def of(
        cls, tokens: IssuedTokens, began_at: datetime, highest: datetime, life: timedelta
    ) -> "Shown":
        """Take down the tokens of a call."""
        return cls(
            access=tokens.access_token.reveal(),
            refresh=tokens.refresh_token.reveal(),
            user_id=tokens.user.id,
            session_id=tokens.session_id,
            at=highest,
            earliest_end=began_at + timedelta(seconds=tokens.expires_in),
            latest_end=highest + life + _ALMOST_A_SECOND,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a passkey said in a ceremony."""

    ceremony: Secret[str]
    said: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A cookie, and whose session it carries."""

    text: str
    user_id: UserId
    session_id: SessionId


@dataclass(slots=True, kw_only=True)
class Client:
    """A device of a person: the tokens it was given, the newest last.

    `partials` are sign-ins that wait, `keys` API keys; `browser` is what asking for a link gave.
    `cookies` are those of sessions, `credentials` what remembered the browser, `mark` that of the
    device, `answers` those of passkeys.
    """

    number: int
    address: str
    person: Person
    shown: list[Shown] = field(default_factory=list)
    partials: list[str] = field(default_factory=list)
    keys: list[NewKey] = field(default_factory=list)
    browser: str | None = None
    cookies: list[Carried] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    mark: Secret[str] | None = None
    answers: list[Answer] = field(default_factory=list)

    def remember(self, shown: Shown) -> None:
        """Keep the tokens of an answer, and a few from before: somebody may have copied them."""
        self.shown.append(shown)
        del self.shown[:-_REMEMBERED]

    def carry(self, begun: CookieSession) -> None:
        """Keep the cookies of an answer, and a few from before: somebody may have copied them."""
        self.cookies.append(
            Carried(
                text=begun.cookie.reveal(),
                user_id=begun.user.id,
                session_id=begun.session.id,
            )
        )
        del self.cookies[:-_REMEMBERED]
        self.mark = begun.device or self.mark
        if begun.kept is not None:
            self.credentials.append(begun.kept.credential.reveal())
            del self.credentials[:-_REMEMBERED]

    def wait(self, partial_token: str) -> None:
        """Keep what a sign-in gave that waits for a second factor."""
        self.partials.append(partial_token)
        del self.partials[:-_WAITING]


@dataclass(frozen=True, slots=True)
class Worker:
    """One process: its number is never given again, and what it caches dies with it."""

    number: int
    limen: Assembly


class WatchedHasher(PlainHasher):
    """Tells the journal which password is behind a digest, and when one is judged uncounted."""

    def __init__(self, journal: Journal) -> None:
        """Tell `journal`."""
        super().__init__()
        self._journal = journal

    def cost_more(self, cost: int) -> None:
        """Hash with another cost from now on."""
        self._cost = cost

    async def hash(self, password: Secret[str]) -> Secret[str]:
        """Return a new hash."""
        digest = await super().hash(password)
        self._journal.passwords[digest.reveal()] = password.reveal()
        return digest

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        """Judge an attempt."""
        try:
            await super().verify(password, digest)
        except PasswordMismatch:
            self._count()
            raise
        self._count()

    def _count(self) -> None:
        call = CALL.get()
        if call is None:
            return
        call.charges -= 1
        if call.charges < 0:
            self._journal.violate(COUNTED_FIRST, f"{call.told}: judged, not counted")
