"""Steps that most contracts begin or end with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from limen.core.api_keys.model import ApiKey
from limen.core.devices.model import KnownDevice
from limen.core.events import Event
from limen.core.factors.model import RecoveryCode, ResetRequest, Totp
from limen.core.idempotency.model import Attempt
from limen.core.keys.model import SigningKey
from limen.core.messages.model import Message
from limen.core.partial_sessions.model import PartialSession
from limen.core.passkeys.model import Ceremony, Passkey
from limen.core.passwords.model import PasswordCredential
from limen.core.proofs.model import Proof
from limen.core.remembered.model import Remembered
from limen.core.roles.model import Grant, Role
from limen.core.sessions.model import Session
from limen.core.throttles.model import Throttle
from limen.core.tokens.family import RefreshFamily
from limen.core.users.model import User
from limen.ports.accounts import Account
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View
from limen.testing.contracts.comparison import assert_same

T = TypeVar("T")


async def keep(unit_of_work: UnitOfWorkFactory, *things: object) -> None:
    """Store these things, in this order, in one unit of work."""
    async with unit_of_work() as uow:
        for thing in things:
            await put(uow, thing)
        await uow.commit()


async def put(uow: UnitOfWork, thing: object) -> None:
    """Put one thing where its kind is kept, without a commit."""
    for kind, step in _PUT.items():
        if isinstance(thing, kind):
            await step(uow, thing)
            return
    raise TypeError(thing)


async def assert_kept(unit_of_work: UnitOfWorkFactory, *things: object) -> None:
    """Fail unless exactly these things are committed, each to the last field."""
    async with unit_of_work.view() as view:
        for thing in things:
            assert_same(await FIND[type(thing)](view, thing), thing)


async def change(unit_of_work: UnitOfWorkFactory, step: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """Take one step in a unit of work of its own, commit, and return what the step gave."""
    async with unit_of_work() as uow:
        result = await step(uow)
        await uow.commit()
    return result


async def look(unit_of_work: UnitOfWorkFactory, step: Callable[[View], Awaitable[T]]) -> T:
    """Return what `step` finds in a view of the store."""
    async with unit_of_work.view() as view:
        return await step(view)


async def _put_throttle(uow: UnitOfWork, throttle: Throttle) -> None:
    await uow.throttles.lock([throttle.key], throttle.since)
    await uow.throttles.save(throttle)


async def _put_totp(uow: UnitOfWork, totp: Totp) -> None:
    if totp.confirmed_at is None:
        await uow.totps.put(totp)
        return
    later = totp.confirmed_at + timedelta(minutes=1)
    await uow.totps.put(replace(totp, expires_at=later, confirmed_at=None, last_step=0))
    await uow.totps.confirm(totp.id, totp.last_step, totp.confirmed_at)


async def _put_recovery_code(uow: UnitOfWork, code: RecoveryCode) -> None:
    others = await uow.recovery_codes.list(code.user_id)
    await uow.recovery_codes.replace(code.user_id, [*others, code])


async def _put_attempt(uow: UnitOfWork, attempt: Attempt) -> None:
    await uow.attempts.begin(attempt, abandoned_before=attempt.begun_at)
    if attempt.sealed is not None:
        await uow.attempts.finish(attempt)


async def _emit(uow: UnitOfWork, event: Event) -> None:
    uow.emit(event)


_PUT: Final[Mapping[type, Callable[[UnitOfWork, Any], Awaitable[Any]]]] = {
    User: lambda uow, user: uow.users.add(user),
    PasswordCredential: lambda uow, credential: uow.passwords.add(credential),
    Session: lambda uow, session: uow.sessions.add(session),
    RefreshFamily: lambda uow, family: uow.families.add(family),
    SigningKey: lambda uow, key: uow.keys.add(key),
    Role: lambda uow, role: uow.roles.add(role),
    Grant: lambda uow, grant: uow.grants.put(grant),
    Account: lambda uow, account: uow.accounts.add([account]),
    Message: lambda uow, message: uow.messages.add(message),
    Proof: lambda uow, proof: uow.proofs.put(proof),
    PartialSession: lambda uow, partial: uow.partial_sessions.add(partial),
    Passkey: lambda uow, passkey: uow.passkeys.add(passkey),
    Ceremony: lambda uow, ceremony: uow.ceremonies.add(ceremony),
    Totp: _put_totp,
    RecoveryCode: _put_recovery_code,
    ApiKey: lambda uow, key: uow.api_keys.add(key),
    Remembered: lambda uow, remembered: uow.remembered.add(remembered),
    KnownDevice: lambda uow, device: uow.devices.note(device),
    ResetRequest: lambda uow, request: uow.factor_resets.put(request),
    Throttle: _put_throttle,
    Attempt: _put_attempt,
    Event: _emit,
}


async def _find_family(view: View, family: RefreshFamily) -> RefreshFamily | None:
    standing = await view.families.find_standing(family.session_id, family.rotated_at)
    return None if standing is None else standing.family


async def _find_key(view: View, key: SigningKey) -> SigningKey | None:
    return next((kept for kept in await view.keys.list() if kept.id == key.id), None)


async def _find_grant(view: View, grant: Grant) -> Grant | None:
    kept = await view.grants.list(grant.user_id)
    return next((other for other in kept if other.role == grant.role), None)


async def _find_totp(view: View, totp: Totp) -> Totp | None:
    find = view.totps.find_waiting if totp.confirmed_at is None else view.totps.find
    return await find(totp.user_id)


async def _find_recovery_code(view: View, code: RecoveryCode) -> RecoveryCode | None:
    kept = await view.recovery_codes.list(code.user_id)
    return next((other for other in kept if other.digest == code.digest), None)


async def _find_api_key(view: View, key: ApiKey) -> ApiKey | None:
    owned = await view.api_keys.find(key.id)
    return None if owned is None else owned.key


async def _find_device(view: View, device: KnownDevice) -> KnownDevice | None:
    kept = await view.devices.list(device.user_id)
    return next((other for other in kept if other.digest == device.digest), None)


FIND: Final[Mapping[type, Callable[[View, Any], Awaitable[Any]]]] = {
    User: lambda view, user: view.users.get(user.id),
    PasswordCredential: lambda view, credential: view.passwords.find(credential.user_id),
    Session: lambda view, session: view.sessions.find(session.id),
    RefreshFamily: _find_family,
    SigningKey: _find_key,
    Role: lambda view, role: view.roles.get(role.name),
    Message: lambda view, message: view.messages.get(message.id),
    ResetRequest: lambda view, request: view.factor_resets.find(request.user_id),
    Proof: lambda view, proof: view.proofs.find(proof.id),
    PartialSession: lambda view, partial: view.partial_sessions.find(partial.id),
    Passkey: lambda view, passkey: view.passkeys.find(passkey.credential_id),
    ApiKey: _find_api_key,
    Grant: _find_grant,
    Totp: _find_totp,
    RecoveryCode: _find_recovery_code,
    KnownDevice: _find_device,
    Remembered: lambda view, remembered: view.remembered.find(remembered.id),
}
