"""Cookies that were believed or refused, judged against what was committed."""

from base64 import urlsafe_b64decode
from typing import Any, Final

from limen.core.cookies.carrying import CookieSession
from limen.core.errors import LimenError, StepUpNeeded, StorageUnavailable
from limen.core.sessions.model import Session
from limen.core.signin.rising import SteppedUp
from limen.core.tokens.model import AccessClaims
from limen.core.users.model import Status
from limen.testing.simulation.catalogue import (
    COOKIE_NEWEST,
    NO_FALSE_NO,
    ONE_LINE,
    PROVED_NOTHING,
    RIGHT_NAME,
    SHUT_OUT,
)
from limen.testing.simulation.journal import Call, Journal
from limen.testing.simulation.lives import earliest, lives
from limen.testing.simulation.people import Carried

REMEMBERED: Final = "remember"
_PREFIX: Final = len("limen_cs_")
_GENERATION: Final = slice(16, 20)


class CookieJudge:
    """Judges each entry by a cookie, and each cookie that was given."""

    def __init__(self, journal: Journal) -> None:
        """Judge by `journal`."""
        self._journal = journal

    def entered(
        self, call: Call, claims: AccessClaims, carried: Carried, *, takes_identified: bool
    ) -> None:
        """Judge that a cookie was believed."""
        if (claims.user_id, claims.session_id) != (carried.user_id, carried.session_id):
            self._violate(RIGHT_NAME, call, f"believed for {claims.user_id}")
        states = list(self._journal.during(call, "families", carried.session_id))
        generation = generation_of(carried.text)
        if not any(family and family.generation == generation for family in states):
            self._violate(COOKIE_NEWEST, call, f"cookie {generation} is believed")
        session = self._journal.at_start(call, "sessions", carried.session_id)
        if session is None or not lives(session, earliest(self._journal, call)):
            self._violate(COOKIE_NEWEST, call, "the session was over")
            return
        user = self._journal.at_start(call, "users", carried.user_id)
        if user is None or user.status is not Status.ACTIVE:
            self._violate(SHUT_OUT, call, "came in by a cookie, and is not active")
        stood = list(self._journal.during(call, "sessions", carried.session_id))
        if not takes_identified and all(map(_is_identified, stood)):
            self._violate(PROVED_NOTHING, call, "let in where something must be proved")

    def refused(
        self, call: Call, refusal: LimenError, carried: Carried, *, takes_identified: bool
    ) -> None:
        """Judge that a cookie was not believed."""
        if not call.is_clean or isinstance(refusal, StorageUnavailable):
            return
        session = self._journal.now("sessions", carried.session_id)
        family = self._journal.now("families", carried.session_id)
        if session is None or not lives(session, self._journal.clock.now()):
            return
        if family.generation != generation_of(carried.text):
            return
        if isinstance(refusal, StepUpNeeded) and not takes_identified and _is_identified(session):
            return
        user = self._journal.now("users", carried.user_id)
        if user is not None and user.status is Status.ACTIVE:
            self._violate(NO_FALSE_NO, call, f"a living cookie is refused as {refusal.code}")

    def given(self, call: Call) -> None:
        """Take a cookie down as the only one of its generation, newer than the one shown."""
        begun = call.outcome.cookie if isinstance(call.outcome, SteppedUp) else call.outcome
        if not isinstance(begun, CookieSession):
            if call.cookie is not None:
                self._violate(COOKIE_NEWEST, call, "rose without another cookie")
            return
        text = begun.cookie.reveal()
        key = begun.session.id, generation_of(text)
        if self._journal.successors.setdefault(key, text) != text:
            self._violate(ONE_LINE, call, f"generation {key[1]} is two cookies")
        if call.cookie is not None and key[1] <= generation_of(call.cookie):
            self._violate(COOKIE_NEWEST, call, "rose by the same cookie")

    def _violate(self, invariant: Any, call: Call, found: str) -> None:
        self._journal.violate(invariant, f"{call.told}: {found}")


def generation_of(cookie: str) -> int:
    """Read the number of a cookie out of it, without asking limen."""
    body = cookie[_PREFIX:]
    return int.from_bytes(urlsafe_b64decode(body + "=" * (-len(body) % 4))[_GENERATION])


def _is_identified(session: Session | None) -> bool:
    return session is None or REMEMBERED in session.methods
