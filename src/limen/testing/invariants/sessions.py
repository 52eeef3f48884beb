"""Sessions and refresh families against each other, and against what is told of them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from limen.core.ids import SessionId, UserId
from limen.core.users.model import Status
from limen.ports.accounts import Account
from limen.ports.families import Standing
from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History, ToldSession

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def of_sessions(
    view: View, accounts: Mapping[UserId, Account], told: History, now: datetime
) -> list[str]:
    """Return what is wrong with sessions, their families and the list of endings."""
    found = []
    endings = {ending.session_id for ending in await view.sessions.list_endings(_BEGINNING)}
    for session_id, session in told.sessions.items():
        if session.user_id in accounts:
            found += await _session_untold(view, session_id, session, now)
        elif await view.sessions.find(session_id) is not None:
            found.append(f"session {session_id} has outlived its user")
        if session.is_ended and session_id not in endings:
            found.append(f"session {session_id} ended, and no list says so")
    for account in accounts.values():
        found += await _live_wrongly(view, account, told, now)
    return found


async def _session_untold(
    view: View, session_id: SessionId, told: ToldSession, now: datetime
) -> list[str]:
    if await view.sessions.find(session_id) is None:
        return [f"session {session_id} is lost"]
    standing = await view.families.find_standing(session_id, now)
    if standing is None:
        return [f"the family of session {session_id} is lost"]
    return [*_standing_untold(standing, told), *_family_untold(standing, told)]


def _standing_untold(standing: Standing, told: ToldSession) -> Iterator[str]:
    session = standing.session
    if session.user_id != told.user_id or standing.user.id != told.user_id:
        yield f"session {session.id} belongs to somebody else"
    if (session.ended_at is not None) != told.is_ended:
        yield f"session {session.id} ended at {session.ended_at}, the events differ"
    if (standing.family.ended_at is None) != (session.ended_at is None):
        yield f"the family of session {session.id} did not end with it"


def _family_untold(standing: Standing, told: ToldSession) -> Iterator[str]:
    session_id, family = standing.session.id, standing.family
    if family.generation != told.generation:
        yield (
            f"the family of session {session_id} has generation {family.generation}, "
            f"the events tell {told.generation}"
        )
    is_first = family.generation == 1
    # A step-up leaves no token that a grace would make good.
    has_risen = family.rotated_at == standing.session.authenticated_at
    is_alone = family.previous_digest is None
    if is_alone != is_first and not (is_alone and has_risen):
        yield f"session {session_id} has not exactly one living refresh token, and the one before"
    if family.previous_digest == family.digest:
        yield f"session {session_id} has not exactly one living refresh token"


async def _live_wrongly(view: View, account: Account, told: History, now: datetime) -> list[str]:
    user = account.user
    live = await view.sessions.list_live(user.id, now)
    found = [f"session {one.id} is there, untold" for one in live if one.id not in told.sessions]
    if live and user.status is not Status.ACTIVE:
        found.append(f"user {user.id} is {user.status} and has a live session")
    return found
