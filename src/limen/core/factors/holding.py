"""Which second factors a user has."""

from limen.core.factors.model import FactorKind
from limen.core.ids import UserId
from limen.ports.unit_of_work import UnitOfWork, View


async def factors_of(view: View, user_id: UserId) -> tuple[FactorKind, ...]:
    """Return the kinds of second factors that the user can show; none means one factor will do.

    Recovery codes stand in for the others, and come last.
    """
    found = await _own_factors(view, user_id)
    if found and await view.recovery_codes.list(user_id):
        return (*found, FactorKind.RECOVERY_CODE)
    return found


async def has_factors(view: View, user_id: UserId) -> bool:
    """Tell whether the user has any second factor, a passkey counted."""
    return bool(await _own_factors(view, user_id) or await view.passkeys.list(user_id))


async def remove_factors(uow: UnitOfWork, user_id: UserId) -> tuple[FactorKind, ...]:
    """Take every second factor from a locked user, passkeys too, and return which there were."""
    found = await factors_of(uow, user_id)
    if await uow.passkeys.list(user_id):
        found = (*found, FactorKind.PASSKEY)
    await uow.totps.remove(user_id)
    await uow.recovery_codes.remove(user_id)
    await uow.passkeys.remove_all(user_id)
    return found


async def remove_lonely_codes(uow: UnitOfWork, user_id: UserId) -> None:
    """Remove the recovery codes of a locked user who has no other factor any more."""
    if not await _own_factors(uow, user_id):
        await uow.recovery_codes.remove(user_id)


async def _own_factors(view: View, user_id: UserId) -> tuple[FactorKind, ...]:
    """Return what is a factor by itself."""
    return () if await view.totps.find(user_id) is None else (FactorKind.TOTP,)
