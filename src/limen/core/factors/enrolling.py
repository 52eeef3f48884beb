"""Setting up an authenticator app in two steps, whoever may."""

from datetime import datetime
from typing import Final

from limen.core.actor import Actor
from limen.core.errors import EnrolmentOver
from limen.core.events import FactorEnrolmentBegun, RecoveryCodesMade
from limen.core.factors.making import TotpMaker
from limen.core.factors.model import FactorKind, Totp
from limen.core.factors.recovery_codes import make_recovery_codes
from limen.core.ids import UserId
from limen.core.secret import Secret
from limen.core.throttles.model import of_factor, of_user
from limen.ports.entropy import Entropy
from limen.ports.unit_of_work import UnitOfWork

_ENROLMENT: Final = "enrolment"


def enrolment_of(user_id: UserId) -> str:
    """Name the subject of attempts to confirm an app of a user."""
    return of_factor(of_user(user_id), _ENROLMENT)


async def begin_totp(
    uow: UnitOfWork, maker: TotpMaker, user_id: UserId, actor: Actor, now: datetime
) -> Totp:
    """Store a new secret of a locked user, in place of any other that waits, and return it."""
    made = maker.make(user_id, now)
    await uow.totps.put(made)
    kind = FactorKind.TOTP
    uow.emit(FactorEnrolmentBegun(at=now, actor=actor, user_id=user_id, factor=kind))
    return made


async def confirm_totp(
    uow: UnitOfWork, maker: TotpMaker, user_id: UserId, code: Secret[str], now: datetime
) -> None:
    """Let the app of a locked user count that waits, in place of any other one.

    Raises `EnrolmentOver` or `FactorInvalid`.
    """
    totp = await uow.totps.find_waiting(user_id)
    if totp is None or not totp.waits(now):
        raise EnrolmentOver
    await uow.totps.confirm(totp.id, maker.step_of(totp, code, now), now)


async def first_codes(
    uow: UnitOfWork, entropy: Entropy, user_id: UserId, actor: Actor, now: datetime
) -> tuple[Secret[str], ...]:
    """Make the recovery codes of a locked user who has none, and return them."""
    if await uow.recovery_codes.list(user_id):
        return ()
    uow.emit(RecoveryCodesMade(at=now, actor=actor, user_id=user_id))
    return await make_recovery_codes(uow, entropy, user_id, now)
