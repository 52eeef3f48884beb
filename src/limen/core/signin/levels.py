"""How much somebody has to prove: which sign-ins wait for a second factor."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from limen.core.actor import Actor
from limen.core.errors import FactorRequired
from limen.core.events import SessionRevoked, SessionsRevoked
from limen.core.factors.holding import factors_of, has_factors
from limen.core.factors.model import FactorKind
from limen.core.ids import UserId
from limen.core.roles.model import Grant
from limen.core.sessions.model import MOST_LISTED, EndReason, Session
from limen.core.states import SessionState
from limen.ports.unit_of_work import UnitOfWork, View

# RFC 8176 section 2: more than one factor was proved.
MULTI_FACTOR: Final = "mfa"
EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPolicy:
    """What an operator decides about second factors.

    While it `is_on`, whoever has a second factor shows it at each sign-in. Whoever has one of the
    roles it is `required_for` (`EVERYBODY` stands for all users) must have one. With
    `needs_approval` a second administrator approves what takes them all from somebody.
    """

    is_on: bool = True
    required_for: frozenset[str] = frozenset()
    needs_approval: bool = False

    def requires(self, roles: Collection[str]) -> bool:
        """Tell whether somebody with these roles must have a second factor."""
        return EVERYBODY in self.required_for or not self.required_for.isdisjoint(roles)

    def lacks_factor(self, session: Session, roles: Collection[str]) -> bool:
        """Tell whether the user of a session must show a second factor, and did not.

        Who was given a role that needs one, or whose operator asks for one now, signs in again.
        """
        is_asked = self.is_on and self.requires(roles)
        # One that is merely identified lacks every proof, and is good for none of what they allow.
        is_asked &= session.state is SessionState.FULL
        return is_asked and MULTI_FACTOR not in session.methods


def with_second_factor(methods: tuple[str, ...], method: str) -> tuple[str, ...]:
    """Return the methods of a sign-in after a second factor was proved by `method`."""
    return tuple(dict.fromkeys((*methods, method, MULTI_FACTOR)))


async def keep_required_factor(
    view: View, policy: FactorPolicy, user_id: UserId, now: datetime
) -> None:
    """Raise `FactorRequired` if a user who must have a second factor has none now.

    Recovery codes are none: they stand in for another one.
    """
    roles = [role.name for role in await view.grants.list_held(user_id, now)]
    if not policy.is_on or not policy.requires(roles):
        return
    if not await has_factors(view, user_id):
        raise FactorRequired


async def end_sessions_without_factor(
    uow: UnitOfWork, policy: FactorPolicy, grant: Grant, actor: Actor
) -> None:
    """End the sessions in which the user of a new grant has not proved what its role asks for.

    The user is locked before: whoever signs in meanwhile has the role already, or ends here.
    """
    if not policy.is_on or not policy.requires([grant.role]):
        return
    live = await uow.sessions.list_live(grant.user_id, grant.granted_at)
    if len(live) >= MOST_LISTED:
        # There may be others behind them.
        await _end_all(uow, grant, actor)
        return
    has_factor = await has_factors(uow, grant.user_id)
    for session in live:
        is_full = session.state is SessionState.FULL
        # What was proved in a session counts for nothing if it is gone since.
        if policy.lacks_factor(session, [grant.role]) or (is_full and not has_factor):
            await _end_session(uow, session, actor, grant.granted_at)


async def _end_all(uow: UnitOfWork, grant: Grant, actor: Actor) -> None:
    user_id, now = grant.user_id, grant.granted_at
    ended = await uow.sessions.end(user_id, now, EndReason.FACTOR_REQUIRED)
    uow.emit(SessionsRevoked(at=now, actor=actor, user_id=user_id, count=len(ended), kept=None))


async def _end_session(uow: UnitOfWork, session: Session, actor: Actor, now: datetime) -> None:
    reason = EndReason.FACTOR_REQUIRED
    await uow.sessions.end(session.user_id, now, reason, only=session.id)
    uow.emit(
        SessionRevoked(
            at=now,
            actor=actor,
            user_id=session.user_id,
            session_id=session.id,
            reason=reason.value,
        )
    )


async def awaited_factors(
    view: View, user_id: UserId, *, roles: Collection[str], policy: FactorPolicy
) -> tuple[FactorKind, ...] | None:
    """Return which second factors somebody shows after the first one; `None` if none.

    No factor at all means that the user must have one and has none yet.
    """
    if not policy.is_on:
        return None
    factors = await factors_of(view, user_id)
    if not factors and not policy.requires(roles):
        return None
    # A passkey makes nobody wait, for it lets them in by itself; but it finishes what waits.
    if await view.passkeys.list(user_id):
        return (*factors, FactorKind.PASSKEY)
    return factors
